import type { ModelContract } from "../../inference/contract.ts";
import { inputOf } from "../../inference/signature.ts";
import { column, type ColumnInput } from "../../schemas/column.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { PredictionLog, PredictionRecord } from "../../serving/prediction-log.ts";
import type { Answer, PredictionRequest, ServedModel, ServedModels } from "../../serving/served-model.ts";

/** One column of every kind. */
export const everyColumn: Readonly<Record<string, ColumnInput>> = {
  carrier: { type: "category", nullable: true }, note: { type: "text" }, hour: { type: "integer" }, distance: { type: "number" }, precip: { type: "number", nullable: true },
  exact: { type: "number", wide: true, nullable: true }, weekend: { type: "boolean", nullable: true }, at: { type: "time" }, place: { type: "embedding", size: 3 },
};

/** A row that every column takes. */
export const everyRow: Readonly<Record<string, unknown>> = { carrier: "UA", note: "späť", hour: 17, distance: 1089.5, precip: null, exact: 0.1, weekend: true, at: "2013-03-01T12:30:00.000250Z", place: [1, 2, 3] };

export function contractOf(columns: Readonly<Record<string, ColumnInput>>, changes: Partial<ModelContract> = {}): ModelContract {
  const named = Object.entries(columns).map(([name, input]) => ({ name, column: column.parse(input) }));
  return { model: "flights", v: 3, digest: "d".repeat(64), columns: named, inputs: named.map(inputOf), task: "binary", classes: ["0", "1"], ...changes };
}

export interface FakeModel extends ServedModel {
  /** What was asked of it. */
  readonly asked: PredictionRequest[];
  /** What it does instead of answering. */
  fails: (() => Promise<never>) | null;
  ready: boolean;
  /** What it says that it answers instead of. */
  insteadOf: number | null;
}

/** A model that answers each row with the same scores. */
export function fakeModel(contract: ModelContract, score: readonly number[] = contract.classes === null ? [0.5] : [0.25, 0.75, 0, 0].slice(0, contract.classes.length)): FakeModel {
  const fake: FakeModel = {
    name: contract.model, asked: [], fails: null, ready: true, insteadOf: null,
    status: () => ({ ready: fake.ready, reason: fake.ready ? "" : "no version is loaded", pinned: null, insteadOf: fake.insteadOf }),
    versions: () => (fake.ready ? [contract] : []),
    contract: (version) => {
      if (!fake.ready) throw new RelearnError("NotReady", `${contract.model} is not ready: no version is loaded`);
      if (version !== null && version !== contract.v) throw new RelearnError("NotFound", `version ${version} of ${contract.model} is not loaded here`);
      return contract;
    },
    label: () => {},
    predict: (request) => {
      fake.asked.push(request);
      return fake.fails === null ? Promise.resolve(answerOf(contract, request, score)) : fake.fails();
    },
  };
  return fake;
}

function answerOf(contract: ModelContract, { batch }: PredictionRequest, score: readonly number[]): Answer {
  return { contract, batch, variant: "champion", scores: Float32Array.from({ length: batch.rows * score.length }, (_, i) => score[i % score.length]!), queuedMs: 0.1, computeMs: 0.2 };
}

export const modelsOf = (...models: readonly ServedModel[]): ServedModels => ({ list: () => models, find: (name) => models.find((model) => model.name === name) ?? null });

export function fakeLog(): PredictionLog & { readonly records: PredictionRecord[] } {
  const records: PredictionRecord[] = [];
  return { records, append: (record) => void records.push(record) };
}

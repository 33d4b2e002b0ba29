import { inputOf, type NamedColumn } from "../../../inference/signature.ts";
import type { ModelContract } from "../../../inference/contract.ts";
import { column, type ColumnInput } from "../../../schemas/column.ts";
import type { PredictionRecord } from "../../../serving/prediction-log.ts";
import { predictionIds } from "../../../stores/prediction-ids.ts";

/** Never to be found anywhere but in memory. */
export const secret = "canary-4111-1111";
export const secretNumber = 90210.4321;

const declared: Readonly<Record<string, ColumnInput>> = {
  carrier: { type: "category", nullable: true }, origin: { type: "category" }, note: { type: "text", nullable: true }, distance: { type: "number", nullable: true }, fare: { type: "number", wide: true },
  hour: { type: "integer" }, weekend: { type: "boolean", nullable: true }, scheduled_at: { type: "time" }, words: { type: "embedding", size: 3 },
  card: { type: "text", private: true }, income: { type: "number", private: true },
};
const columns: NamedColumn[] = Object.entries(declared).map(([name, input]) => ({ name, column: column.parse(input) }));

export const contract: ModelContract = { model: "flights", v: 3, digest: "ab".repeat(32), columns, inputs: columns.map(inputOf), task: "binary", classes: ["0", "1"], consent: "may_train" };

export const key = Buffer.alloc(32, 7);
export const ids = predictionIds(key);

/** Two rows: one of ordinary values, one of nulls and odd ones. */
export function record(change: Partial<PredictionRecord> = {}): PredictionRecord {
  return {
    id: ids.issue(contract.model), contract, variant: "champion", at: Date.UTC(2013, 2, 1, 12, 30, 15, 250), latencyMs: 1.5, error: null, scores: new Float32Array([0.75, 0.25, 0.1, 0.9]), extras: { may_train: [true, null] },
    batch: {
      rows: 2,
      columns: [["UA", ""], ["EWR", ""], ["früh 🛫", ""], new Float32Array([0.1, NaN]), new Float64Array([0.1, -0]), new BigInt64Array([17n, -9007199254740993n]), new Float32Array([1, NaN]), new BigInt64Array([1_362_140_000_000_001n, 0n]),
        new Float32Array([1, 2, 3, 4, 5, 6]), [secret, `${secret}!`], new Float32Array([secretNumber, secretNumber])],
    },
    ...change,
  };
}

import { inputOf, outputOf } from "../inference/signature.ts";
import type { SpooledContract } from "../schemas/spooled.ts";
import type { PlainColumn, PlainType } from "../tables/plain-parquet.ts";
import { addBytes, addDouble, addInt32, addText, filled, type Growing, growing } from "./growing.ts";

/** Predictions of one version, column by column, as they are added. */
export interface GatheredPredictions {
  add(body: Buffer): void;
  rows(): number;
  columns(): readonly PlainColumn[];
}

const fixed = { contract: 0, variant: 2, scores: 3, rows: 4, at: 8, latency: 16, id: 20 } as const;

/** What a spooled prediction says first. */
export function headOf(body: Buffer): { readonly contract: number; readonly at: number; readonly id: string } {
  return { contract: body.readUInt16LE(fixed.contract), at: body.readDoubleLE(fixed.at), id: body.toString("latin1", fixed.id + 4, endOfText(body, fixed.id)) };
}

const endOfText = (body: Buffer, at: number): number => at + 4 + body.readUInt32LE(at);

/** Copies what `predictionEncoder` wrote into columns, mostly byte by byte as it lies there: a million predictions take seconds, not minutes. */
export function gatherPredictions(contract: SpooledContract): GatheredPredictions {
  const one = { prediction_id: growing(), row: growing(), at: growing(), variant: growing(), latency_ms: growing(), error: growing(), consent: growing(), extras: growing(), answered: growing(), label: growing(), score: growing() };
  const inputs = contract.columns.map((named) => ({ name: named.name, into: growing(), input: inputOf(named) }));
  const { width } = outputOf(contract.task, contract.classes?.length ?? 1);
  const consentAt = contract.columns.findIndex(({ name }) => name === contract.consent);
  let count = 0;
  return {
    rows: () => count,
    add(body) {
      const rows = body.readUInt32LE(fixed.rows);
      const errorAt = endOfText(body, fixed.id);
      const extrasAt = endOfText(body, errorAt);
      const values = endOfText(body, extrasAt);
      const extras = values - extrasAt === 4 ? null : (JSON.parse(body.toString("utf8", extrasAt + 4, values)) as Record<string, unknown[]>);
      for (let row = 0; row < rows; row++) {
        addBytes(one.prediction_id, body, fixed.id, errorAt);
        addInt32(one.row, row);
        addBytes(one.at, body, fixed.at, fixed.latency);
        addInt32(one.variant, body[fixed.variant]!);
        addBytes(one.latency_ms, body, fixed.latency, fixed.id);
        addBytes(one.error, body, errorAt, extrasAt);
        if (extras === null) addInt32(one.extras, 0);
        else addText(one.extras, JSON.stringify(Object.fromEntries(Object.entries(extras).map(([name, all]) => [name, all[row] ?? null]))));
      }
      let at = values;
      for (const [i, { input, into }] of inputs.entries()) {
        const end = input.type === "string" ? endOfTexts(body, at, rows) : at + rows * input.width * (input.type === "float32" ? 4 : 8);
        if (i === consentAt) addConsent(one.consent, floats(body, at, rows));
        addBytes(into, body, at, end);
        at = end;
      }
      if (consentAt < 0) addConsent(one.consent, Array.from({ length: rows }, (_, row) => (contract.consent === null ? null : extras?.[contract.consent]?.[row])));
      addScores(one, body, at, rows, width, contract.task === "regression");
      count += rows;
    },
    columns: () => [
      ...Object.entries(one).map(([name, into]) => ({ name, type: types[name as keyof typeof types], bytes: filled(into), ...(name === "score" ? { width } : {}) })),
      ...inputs.map(({ input, into }, i) => ({ name: `c${i}`, type: ({ string: "text", float32: "float", double: "double", int64: "int64" } as const)[input.type], bytes: filled(into), ...(contract.columns[i]!.column.type === "embedding" ? { width: input.width } : {}) })),
    ],
  };
}

const types = { prediction_id: "text", row: "int32", at: "double", variant: "int32", latency_ms: "float", error: "text", consent: "int32", extras: "text", answered: "int32", label: "int32", score: "double" } as const satisfies Record<string, PlainType>;

function endOfTexts(body: Buffer, at: number, count: number): number {
  let end = at;
  for (let i = 0; i < count; i++) end = endOfText(body, end);
  return end;
}

const floats = (body: Buffer, at: number, rows: number): (boolean | null)[] => Array.from({ length: rows }, (_, row) => {
  const value = body.readFloatLE(at + 4 * row);
  return Number.isNaN(value) ? null : value !== 0;
});

/** 1 yes, 0 no, -1 unknown. */
function addConsent(into: Growing, given: readonly unknown[]): void {
  for (const one of given) addInt32(into, one === true ? 1 : one === false ? 0 : -1);
}

/** Scores become doubles, which hold floats exactly; the label is the first of the classes with the highest score. */
function addScores(into: { readonly answered: Growing; readonly label: Growing; readonly score: Growing }, body: Buffer, at: number, rows: number, width: number, regression: boolean): void {
  const kind = body[fixed.scores];
  for (let row = 0; row < rows; row++) {
    addInt32(into.answered, kind === 0 ? 0 : 1);
    let [best, highest] = [-1, -Infinity];
    for (let k = 0; k < width; k++) {
      const i = row * width + k;
      const score = kind === 0 ? NaN : kind === 2 ? body.readDoubleLE(at + 4 + 8 * i) : body.readFloatLE(at + 4 + 4 * i);
      addDouble(into.score, score);
      if (score > highest) [best, highest] = [k, score];
    }
    addInt32(into.label, regression ? -1 : best);
  }
}

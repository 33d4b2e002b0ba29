import { BIGINT, BOOLEAN, DOUBLE, type DuckDBType, type DuckDBValue, FLOAT, INTEGER, LIST, listValue, VARCHAR } from "@duckdb/node-api";
import type { Column } from "../schemas/column.ts";
import type { SpooledContract } from "../schemas/spooled.ts";
import type { ColumnValues } from "../tables/write-parquet.ts";
import { quote } from "../tables/quote.ts";
import type { DecodedPrediction } from "./decode-prediction.ts";

/** The type in which a feature is kept: as the model got it, so that a float does not turn into another number. */
export function keptType(column: Column): DuckDBType {
  switch (column.type) {
    case "number":
      return column.wide ? DOUBLE : FLOAT;
    case "integer":
    case "time":
      return BIGINT;
    case "boolean":
      return BOOLEAN;
    case "embedding":
      return LIST(FLOAT);
    default:
      return VARCHAR;
  }
}

/** Predictions of one version as the columns of a Parquet file; docs/serving-log.md says what each is. */
export function predictionColumns(contract: SpooledContract, predictions: readonly DecodedPrediction[]): ColumnValues[] {
  const each = <T extends DuckDBValue>(value: (one: DecodedPrediction, row: number) => T): T[] => predictions.flatMap((one) => Array.from({ length: one.rows }, (_, row) => value(one, row)));
  const scores = each((one, row) => scoreOf(contract, one, row) as DuckDBValue) as unknown as (readonly number[] | null)[];
  return [
    { name: "prediction_id", type: VARCHAR, values: each(({ id }) => id) },
    { name: "row", type: INTEGER, values: each((_, row) => row) },
    { name: "at", type: BIGINT, values: each(({ at }) => BigInt(Math.round(at * 1_000))), as: "make_timestamptz(x)" },
    { name: "v", type: INTEGER, values: each(() => contract.v) },
    { name: "digest", type: VARCHAR, values: each(() => null), as: quote(contract.digest) },
    { name: "variant", type: VARCHAR, values: each(({ variant }) => variant) },
    { name: "latency_ms", type: FLOAT, values: each(({ latencyMs }) => latencyMs) },
    { name: "error", type: VARCHAR, values: each(({ error }) => error) },
    { name: "consent", type: BOOLEAN, values: each((one, row) => consentOf(contract, one, row)) },
    { name: "extras", type: VARCHAR, values: each(extrasOf) },
    { name: "label", type: VARCHAR, values: scores.map((one) => labelOf(contract, one)) },
    { name: "score", type: LIST(DOUBLE), values: scores.map((one) => (contract.task === "regression" || one === null ? null : listValue([...one]))) },
    { name: "value", type: DOUBLE, values: scores.map((one) => (contract.task === "regression" ? (one?.[0] ?? null) : null)) },
    ...contract.columns.map(({ name, column }, i) => ({ name: `in_${name}`, type: keptType(column), values: predictions.flatMap(({ columns }) => columns[i]!), ...(column.type === "time" ? { as: "make_timestamptz(x)" } : {}) })),
  ];
}

function scoreOf({ classes }: SpooledContract, { scores }: DecodedPrediction, row: number): readonly number[] | null {
  const width = classes?.length ?? 1;
  return scores === null ? null : scores.slice(row * width, (row + 1) * width);
}

/** The class with the highest score; of several, the first. */
function labelOf({ classes }: SpooledContract, scores: readonly number[] | null): string | null {
  if (scores === null || classes === null) return null;
  return classes[scores.reduce((best, score, i) => (score > scores[best]! ? i : best), 0)] ?? null;
}

function consentOf({ consent, columns }: SpooledContract, { extras, columns: values }: DecodedPrediction, row: number): boolean | null {
  if (consent === null) return null;
  const feature = columns.findIndex(({ name }) => name === consent);
  const given = extras[consent]?.[row] ?? (feature < 0 ? null : values[feature]![row]);
  return typeof given === "boolean" ? given : null;
}

function extrasOf({ extras }: DecodedPrediction, row: number): string | null {
  const names = Object.keys(extras);
  return names.length === 0 ? null : JSON.stringify(Object.fromEntries(names.map((name) => [name, extras[name]![row] ?? null])));
}

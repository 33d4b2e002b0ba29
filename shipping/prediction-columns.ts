import type { Column } from "../schemas/column.ts";
import type { SpooledContract } from "../schemas/spooled.ts";
import { quote } from "../tables/quote.ts";
import type { WrittenColumn } from "../tables/write-parquet.ts";

/** Milliseconds: times that Date cannot write as a plain year go to the nearest that it can. */
const latest = 253_402_300_799_999;
/** Microseconds: a time column takes any 64 bits, and DuckDB ends a whole segment for one that is at their very end. */
const furthest = 9_000_000_000_000_000_000n;

/**
 * The columns of the prediction log, as SQL over what `gatherPredictions` gives; docs/serving-log.md says what each is. What a model was given in place
 * of null is null again, and each feature has its own type; a float stays one, so that it does not turn into another number.
 */
export function predictionColumns({ v, digest, task, classes, columns }: SpooledContract): WrittenColumn[] {
  const answered = (sql: string): string => `case when answered = 1 then ${sql} end`;
  return [
    { name: "prediction_id", sql: "prediction_id" },
    { name: "row", sql: `"row"` },
    { name: "at", sql: `make_timestamptz(round(greatest(least("at", ${latest}), 0) * 1000)::bigint)` },
    { name: "v", sql: `${v}::integer` },
    { name: "digest", sql: quote(digest) },
    { name: "variant", sql: "(['champion', 'canary', 'shadow'])[variant + 1]" },
    { name: "latency_ms", sql: "latency_ms" },
    { name: "error", sql: "nullif(error, '')" },
    { name: "consent", sql: "case consent when 1 then true when 0 then false end" },
    { name: "extras", sql: "nullif(extras, '')" },
    { name: "label", sql: classes === null ? "null::varchar" : `case when label >= 0 then ([${classes.map(quote).join(", ")}])[label + 1] end` },
    { name: "score", sql: task === "regression" ? "null::double[]" : answered("score") },
    { name: "value", sql: task === "regression" ? answered("score[1]") : "null::double" },
    ...columns.map(({ name, column }, i) => ({ name: `in_${name}`, sql: featureSql(column, `c${i}`) })),
  ];
}

function featureSql(column: Column, given: string): string {
  switch (column.type) {
    case "number":
      return `case when not isnan(${given}) then ${given} end`;
    case "boolean":
      return `case when not isnan(${given}) then ${given} <> 0 end`;
    case "time":
      return `make_timestamptz(greatest(least(${given}, ${furthest}), ${-furthest}))`;
    case "category":
    case "text":
      return column.nullable ? `nullif(${given}, '')` : given;
    default:
      return given;
  }
}

import { type DuckDBAppender, type DuckDBConnection, DuckDBDataChunk, DuckDBDoubleType, DuckDBFloatType } from "@duckdb/node-api";
import { RelearnError } from "../../schemas/failures.ts";
import { id, quote } from "../../tables/quote.ts";

/** Predictions of one file, in its order, on DuckDB's side: what does not fit into its memory goes to the disk. */
export interface Predictions {
  readonly table: string;
  rows(): number;
  /** @param places the rows' numbers, for messages. @throws RelearnError `ModelRefused` for a score that is no number. */
  add(scores: Float32Array | Float64Array, places: ArrayLike<number>): Promise<void>;
  /** Everything added is in the table from here on. */
  end(): Promise<void>;
  /** What a reader of the predictions gets, as SQL. */
  select(classes: readonly string[] | null): string[];
}

/** DuckDB's own vector size. */
const chunkRows = 2_048;
const table = "predictions";

/** Names of the columns that predictions take: a label and a score a class, or a value; and the version that gave them. */
export function predictionColumns(classes: readonly string[] | null): string[] {
  return [...(classes === null ? ["value"] : ["label", ...classes.map((name) => `score_${name}`)]), "model_version"];
}

/** @param connection of its own: a statement on the one that rows are read from would end their stream. */
export async function predictionsTable(connection: DuckDBConnection, width: number): Promise<Predictions> {
  await connection.run(`drop table if exists ${table}`);
  const columns = Array.from({ length: width }, (_, k) => `__s${k}`);
  let rows = 0;
  let appender: DuckDBAppender | null = null;
  const start = async (scores: Float32Array | Float64Array): Promise<DuckDBAppender> => {
    const type = scores instanceof Float64Array ? "double" : "float";
    await connection.run(`create table ${table} (${columns.map((name) => `${name} ${type}`).join(", ")})`);
    return connection.createAppender(table);
  };
  return {
    table,
    rows: () => rows,
    add: async (scores, places) => {
      const unsound = scores.findIndex((score: number) => !Number.isFinite(score));
      if (unsound >= 0) throw new RelearnError("ModelRefused", `the model is refused: it gives ${scores[unsound]} for row ${places[Math.floor(unsound / width)]}`);
      appender ??= await start(scores);
      for (let at = 0; at < scores.length; at += chunkRows * width) appender.appendDataChunk(chunkOf(scores.subarray(at, at + chunkRows * width), width));
      rows += scores.length / width;
    },
    end: async () => {
      appender ??= await start(new Float32Array());
      appender.closeSync();
      connection.closeSync();
    },
    select: (classes) => (classes === null ? ["__s0 as value"] : [`${labelSql(classes, columns)} as label`, ...classes.map((name, k) => `__s${k} as ${id(`score_${name}`)}`)]),
  };
}

function chunkOf(scores: Float32Array | Float64Array, width: number): DuckDBDataChunk {
  const type = scores instanceof Float64Array ? DuckDBDoubleType.instance : DuckDBFloatType.instance;
  const rows = scores.length / width;
  const chunk = DuckDBDataChunk.create(Array.from({ length: width }, () => type), rows);
  for (let k = 0; k < width; k++) {
    const vector = chunk.getColumnVector(k) as unknown as { readonly items: Float32Array | Float64Array; flush(): void };
    for (let row = 0; row < rows; row++) vector.items[row] = scores[row * width + k]!;
    vector.flush();
  }
  return chunk;
}

/** The class with the highest score; of several the first. */
function labelSql(classes: readonly string[], columns: readonly string[]): string {
  const highest = columns.length === 1 ? columns[0]! : `greatest(${columns.join(", ")})`;
  return `case ${classes.map((name, k) => `when ${columns[k]} = ${highest} then ${quote(name)}`).join(" ")} end`;
}

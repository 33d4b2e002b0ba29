import type { DuckDBConnection } from "@duckdb/node-api";
import type { LoadedModel } from "../../inference/session.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { parquetFiles } from "../../tables/open-duckdb.ts";
import { parquetOptions } from "../../tables/partition-rows.ts";
import { id, quote } from "../../tables/quote.ts";
import { keptColumns, type ScoringFile, scoringView, type ScoringView } from "../../tables/scoring-view.ts";
import { type Batch, readBatches } from "../scoring/batches.ts";
import type { ScoredModel } from "../scoring/protocol.ts";
import type { Sandboxed } from "../scoring/sandboxed-duckdb.ts";
import { predictionColumns, type Predictions, predictionsTable } from "./predictions.ts";
import type { BatchChildReplies, TableRequest } from "./protocol.ts";

export interface TableScoring {
  /** Scores for about a second; a batch is read ahead and one is stored meanwhile, so memory does not grow with the file. */
  step(): Promise<BatchChildReplies["step"]>;
  finish(to: string, quarantine: string): Promise<BatchChildReplies["finish"]>;
}

const stepMs = 1_000;

/**
 * Begins to score one file.
 * @throws RelearnError `DataRefused` naming file, and column or row, where it is no whole table of what the model needs.
 */
export async function beginTable({ connection, connect }: Sandboxed, model: LoadedModel, described: ScoredModel, request: TableRequest): Promise<TableScoring> {
  const file = await describeFile(connection, request);
  const kept = keptColumns(file, described.columns, request.keep, predictionColumns(described.classes));
  const view = scoringView(file, described.columns, kept);
  await connection.run(`create or replace temp view scoring as ${view.sql}`);
  const skipped = request.onBadRow === "skip" ? await count(connection, request, "where __bad > 0") : 0;
  const from = `(select * from scoring${skipped > 0 ? " where __bad = 0" : ""})`;
  const expected = await count(connection, request, skipped > 0 ? "where __bad = 0" : "");
  const predictions = await predictionsTable(await connect(), model.width);
  const batches = readBatches(connection, from, described.columns, ["__row", "__bad"]);
  let lastRow = 0;
  const score = async (batch: Batch): Promise<void> => {
    await refuseBad(connection, view, request, batch);
    lastRow = inOrder(batch, lastRow, request);
    await predictions.add(await model.run(batch.inputs, batch.rows), batch.extra[0]!);
  };
  return {
    step: async () => {
      for (const start = performance.now(); performance.now() - start < stepMs; ) {
        const next = await reading(request, () => batches.next());
        if (next.done === true) return { rows: predictions.rows(), done: true };
        await score(next.value);
      }
      return { rows: predictions.rows(), done: false };
    },
    finish: async (to, quarantine) => {
      await predictions.end();
      if (predictions.rows() !== expected) throw new RelearnError("Corrupt", `${request.name} gave ${predictions.rows()} rows where ${expected} were counted`);
      await reading(request, () => connection.run(`copy (${outputSql(view, from, predictions, described.classes, request.v)}) to ${quote(to)} ${parquetOptions}`));
      if (skipped > 0) await reading(request, () => connection.run(`copy (${quarantineSql(view, file)}) to ${quote(quarantine)} ${parquetOptions}`));
      return { rows: expected, skipped };
    },
  };
}

async function describeFile(connection: DuckDBConnection, { name, path, text }: TableRequest): Promise<ScoringFile> {
  const from = text ? parquetFiles([path]) : `(select * exclude (file_row_number), file_row_number + 1 as __row from ${parquetFiles([path], ", file_row_number = true")})`;
  const rows = await reading({ name }, async () => (await connection.runAndReadAll(`describe select * from ${parquetFiles([path])}`)).getRows());
  const columns = rows.map(([column, type]) => ({ name: String(column), type: String(type) })).filter((column) => !text || column.name !== "__row");
  return { name, from, columns, text };
}

async function count(connection: DuckDBConnection, request: TableRequest, where: string): Promise<number> {
  const [row] = await reading(request, async () => (await connection.runAndReadAll(`select count(*)::double from scoring ${where}`)).getRows());
  return Number(row![0]);
}

/** What DuckDB cannot read is no whole file. */
async function reading<T>({ name }: Pick<TableRequest, "name">, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RelearnError || /out of memory|No space left|max_temp_directory_size/i.test((error as Error).message)) throw error;
    throw new RelearnError("DataRefused", `${name} cannot be read to its end (${(error as Error).message.split("\n")[0]!.replace(/ '[^']*\/[^']*'| "[^"]*\/[^"]*"/g, "")}): it looks half-written; land it whole`, { cause: error });
  }
}

async function refuseBad(connection: DuckDBConnection, { checks }: ScoringView, { name }: TableRequest, { extra: [row, bad] }: Batch): Promise<void> {
  const at = bad!.findIndex((check) => check > 0);
  if (at < 0) return;
  const { column, says } = checks[bad![at]! - 1]!;
  const [found] = (await connection.runAndReadAll(`select left(${id(column)}::varchar, 120) from scoring where __row = ${row![at]}`)).getRows();
  const value = found?.[0] == null ? "" : `, found ${JSON.stringify(found[0])}`;
  throw new RelearnError("DataRefused", `${name}, row ${row![at]}, column ${column}: ${says}${value}. Mend the file, or leave such rows out with --on-bad-row skip`);
}

/** Predictions are put beside the rows by their order alone, so it is watched. @returns the last row. */
function inOrder({ extra: [row], rows }: Batch, before: number, { name }: TableRequest): number {
  for (let i = 0, last = before; i < rows; last = row![i++]!) if (row![i]! <= last) throw new Error(`row ${row![i]} of ${name} came after row ${last}`);
  return rows === 0 ? before : row![rows - 1]!;
}

function outputSql({ kept }: ScoringView, from: string, predictions: Predictions, classes: readonly string[] | null, v: number): string {
  const names = kept.map((name, i) => `__k${i} as ${id(name)}`);
  const list = [...names, ...predictions.select(classes), `${v}::integer as model_version`].join(", ");
  if (kept.length === 0) return `select ${list} from ${predictions.table}`;
  return `select ${list} from (select ${kept.map((_, i) => `__k${i}`).join(", ")} from ${from}) positional join ${predictions.table}`;
}

/** One line a skipped row: its number, the first check that failed, and the row as it was. */
function quarantineSql({ checks }: ScoringView, file: ScoringFile): string {
  const of = (key: "column" | "rule") => `[${checks.map((check) => quote(check[key])).join(", ")}][__bad]`;
  return `select ${quote(file.name)} as file, bad.__row as "row", ${of("rule")} as "rule", ${of("column")} as "column", to_json(t)::varchar as content
    from (select __row, __bad from scoring where __bad > 0) bad join ${file.from} t using (__row) order by "row"`;
}

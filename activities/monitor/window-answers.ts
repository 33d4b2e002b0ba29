import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Answers } from "../../schemas/base-window.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { Window } from "../../schemas/time.ts";
import { keyOf } from "../../stores/documents.ts";
import { putBlobFile } from "../../stores/blobs.ts";
import { id, quote } from "../../tables/quote.ts";
import { servedRows } from "../../tables/served-sql.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import { keepBlob } from "../support/local-blobs.ts";
import { loggedColumns } from "./logged-columns.ts";
import type { MonitorPorts } from "./monitor-ports.ts";
import type { WatchedVersion } from "./watched-version.ts";

export interface AnswersRequest {
  readonly sandbox: Sandbox;
  /** The sandbox's own. */
  readonly folder: string;
  /** The prediction log's objects of the window, inside that folder. */
  readonly files: readonly string[];
  readonly window: Window;
  readonly definition: Definition;
  readonly version: WatchedVersion;
  readonly signal: AbortSignal;
}

/** Column that says whether a row is of a slice, whose name may differ from another by case alone. */
export const sliceColumn = (slice: string): string => id(`slice_${keyOf(slice).slice(0, 16)}`);

/** Changes when the same rows are kept in another way. */
export const answersOf = ({ slices }: Pick<Definition, "slices">): string => keyOf(1, slices);

/**
 * Keeps what callers were answered in a window, one row an answer: its id, its score and its slices, so that what came true of a span is told from small files
 * whenever labels come. In the sandbox, because slices are people's SQL. A copy to a shadow and a failure are no answers.
 */
export async function keepAnswers(deps: MonitorPorts, request: AnswersRequest): Promise<Answers> {
  const { sandbox, folder, definition, version: { v }, signal } = request;
  await makeView(request);
  const slices = await tellable(sandbox, definition.slices);
  const file = join(folder, `answers-${v}.parquet`);
  const picked = ["__id as prediction_id", `__row as "row"`, `__at as "at"`, "__score as score", "__value as value", ...slices.map((slice) => `coalesce((${definition.slices[slice]}\n), false)::boolean as ${sliceColumn(slice)}`)];
  await sandbox.run("the answers of a window", `copy (select ${picked.join(", ")} from __answers order by __at, __id, __row) to ${quote(file)} (format parquet, compression zstd)`);
  const blob = await putBlobFile(deps.store, file, signal);
  await keepBlob(deps, blob, file);
  await rm(file);
  return { blob, of: answersOf(definition), slices };
}

async function makeView({ sandbox, files, window, version }: AnswersRequest): Promise<void> {
  const { v, digest } = version;
  const columns = await loggedColumns(sandbox, files, version);
  const others = { __id: "prediction_id", __row: `"row"`, __at: `"at"`, __score: "score", __value: "value", __variant: "variant", __error: "error", __digest: "digest" };
  await sandbox.run("the prediction log", `create or replace temp view __answers as select * from (${servedRows(files, window, v, columns, others)}) where __variant <> 'shadow' and __error is null and __digest = ${quote(digest)}`);
}

/** A slice by a column that is no feature, or is not logged, cannot be told of served rows; nor one that fails on them. */
async function tellable(sandbox: Sandbox, slices: Definition["slices"]): Promise<string[]> {
  const known: string[] = [];
  for (const [name, sql] of Object.entries(slices)) {
    const title = `slice ${JSON.stringify(name)}`;
    const isKnown = await sandbox.checkExpression(title, sql).then(() => sandbox.run(title, `select count(*) filter ((${sql}\n)) from __answers`)).then(() => true, (error: { type?: string }) => {
      if (error.type !== "InvalidSql" && error.type !== "SqlLimit") throw error;
      return false;
    });
    if (isKnown) known.push(name);
  }
  return known;
}

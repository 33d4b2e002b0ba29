import type { DuckDBConnection } from "@duckdb/node-api";
import { readAs } from "../schemas/boundary.ts";
import { type FeedbackRecord, feedbackRecord } from "../schemas/feedback.ts";
import { feedbackSql } from "./feedback-sql.ts";
import { checkFormat } from "./read-predictions.ts";

const instantSql = (column: string): string => `strftime(${column} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')`;

/**
 * Reads labels from local copies of `feedbackFiles`, as they were received; `heldLabels` says which hold.
 * @throws RelearnError `Corrupt` for a file of another format.
 */
export async function readFeedback(connection: DuckDBConnection, files: readonly string[]): Promise<FeedbackRecord[]> {
  if (files.length === 0) return [];
  await checkFormat(connection, files);
  const sql = `select 1 as version, prediction_id, "row", label, value, ${instantSql(`"at"`)} as "at", ${instantSql("received_at")} as received_at, source from (${feedbackSql(files)}) order by all`;
  return (await connection.runAndReadAll(sql)).getRowObjectsJson().map((row) => readAs(feedbackRecord, row, "a row of feedback"));
}

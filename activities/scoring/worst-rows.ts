import type { DuckDBConnection } from "@duckdb/node-api";
import type { HoldoutEvaluation } from "../../schemas/evaluation.ts";
import { rowLosses } from "../../stats/row-losses.ts";
import { predictedClasses, type ScoredRows } from "../../stats/scored-rows.ts";
import { id } from "../../tables/quote.ts";
import type { HoldoutRequest } from "./protocol.ts";

const most = 20;

/** The rows with the highest loss, worst first; ties by place. Without a key a row is named by its place. */
export async function worstRows(connection: DuckDBConnection, from: string, rows: ScoredRows, { key, label }: HoldoutRequest): Promise<HoldoutEvaluation["worstRows"]> {
  const losses = rowLosses(rows);
  const worst = topOf(losses);
  const names = key.length === 0 ? new Map<number, string>() : await keysAt(connection, from, key, worst);
  const predicted = rows.task === "regression" ? rows.score : predictedClasses(rows);
  const say = (value: number) => label.classes?.[value] ?? String(value);
  return worst.map((row) => ({ key: names.get(row) ?? `row ${row}`, label: say(rows.label[row]!), predicted: say(predicted[row]!), loss: losses[row]! }));
}

function topOf(losses: Float64Array): number[] {
  const floor = Float64Array.from(losses).sort().at(-most) ?? Number.NEGATIVE_INFINITY;
  const at = [...losses.keys()].filter((row) => losses[row]! >= floor);
  return at.sort((a, b) => losses[b]! - losses[a]! || a - b).slice(0, most);
}

async function keysAt(connection: DuckDBConnection, from: string, key: readonly string[], wanted: readonly number[]): Promise<Map<number, string>> {
  const result = await connection.stream(`select concat_ws(' / ', ${key.map((name) => `${id(name)}::varchar`).join(", ")}) from ${from}`);
  const found = new Map<number, string>();
  let first = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const vector = chunk.getColumnVector(0);
    for (const row of wanted) if (row >= first && row < first + chunk.rowCount) found.set(row, String(vector.getItem(row - first)));
    first += chunk.rowCount;
  }
  return found;
}

import type { AuthoredMetric } from "../../schemas/base-window.ts";
import type { Monitors } from "../../schemas/monitors.ts";
import type { Window } from "../../schemas/time.ts";
import { answerSql, servedRows } from "../../tables/served-sql.ts";
import { oneNumber } from "../../tables/sql-check.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import { loggedColumns } from "./logged-columns.ts";
import type { WatchedVersion } from "./watched-version.ts";

export interface AuthoredRequest {
  /** Opened only where there is SQL to run. */
  readonly sandbox: () => Promise<Sandbox>;
  /** Inside the sandbox's folder. */
  readonly files: readonly string[];
  readonly window: Window;
  readonly monitors: Pick<Monitors, "inputs" | "outputs">;
}

const whyLength = 1_000;

/**
 * The author's own aggregates over what a version was asked (`inputs`: its features) and answered (`outputs`: `score` or `value`, `label`, `latency_ms`,
 * `error`, and the features), columns under their own names. One that fails says why, and takes nothing else with it.
 */
export async function authoredMetrics({ sandbox, files, window, monitors }: AuthoredRequest, version: WatchedVersion): Promise<AuthoredMetric[]> {
  const wanted = [...Object.entries(monitors.inputs).map(([title, sql]) => ({ group: "input" as const, title, sql })), ...Object.entries(monitors.outputs).map(([title, sql]) => ({ group: "output" as const, title, sql }))];
  if (wanted.length === 0) return [];
  if (files.length === 0) return wanted.map(({ group, title }) => ({ group, title, value: null, why: "there were no rows" }));
  const opened = await sandbox();
  await makeViews(opened, { files, window }, version);
  const metrics: AuthoredMetric[] = [];
  for (const { group, title, sql } of wanted) metrics.push({ group, title, ...(await measure(opened, `${group} metric ${JSON.stringify(title)}`, sql, `__${group}`)) });
  return metrics;
}

async function makeViews(sandbox: Sandbox, { files, window }: Pick<AuthoredRequest, "files" | "window">, version: WatchedVersion): Promise<void> {
  const { v, manifest: { outputs: { task } } } = version;
  const columns = await loggedColumns(sandbox, files, version);
  const others = { [task === "regression" ? "value" : "score"]: answerSql(task), label: "label", latency_ms: "latency_ms", error: "error" };
  const make = (name: string, rows: string): string => `create or replace temp view ${name} as ${rows}`;
  await sandbox.run("the prediction log", [make("__input", servedRows(files, window, v, columns)), make("__output", servedRows(files, window, v, columns, others))]);
}

async function measure(sandbox: Sandbox, title: string, sql: string, view: string): Promise<Pick<AuthoredMetric, "value" | "why">> {
  try {
    await sandbox.checkExpression(title, sql);
    const rows = await sandbox.run(title, `select (${sql}\n)::double as v from ${view} limit 2`);
    if (rows.length !== 1) return { value: null, why: `${title}: ${oneNumber}` };
    const value = rows[0]?.["v"];
    return typeof value === "number" && Number.isFinite(value) ? { value, why: null } : { value: null, why: "it gives no number on these rows" };
  } catch (error) {
    const { type, message } = error as { type?: string; message: string };
    if (type !== "InvalidSql" && type !== "SqlLimit") throw error;
    return { value: null, why: message.slice(0, whyLength) };
  }
}

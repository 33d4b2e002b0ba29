import type { RunRecord, RunState } from "../../schemas/run.ts";
import type { Style } from "./style.ts";
import { plain } from "./style.ts";

/** The exit code of a command that followed a run to this state. */
export const exitCodes: Readonly<Record<RunState, number>> = {
  running: 0, promoted: 0,
  held: 1, failed: 1, superseded: 1, cancelled: 1,
  refused: 3, gated: 3, aborted: 3,
  waiting: 4, rejected: 4, expired: 4,
};

/** How a run ended, in one sentence. */
export function outcomeLine(record: Pick<RunRecord, "state" | "reason" | "v" | "pipeline">, style: Style): string {
  const because = record.reason === null ? "" : `: ${plain(record.reason)}`;
  const version = record.v === null ? "the candidate" : `version ${record.v}`;
  switch (record.state) {
    case "promoted": return style.green(`promoted: ${version} of ${record.pipeline} serves now`);
    case "refused": return style.red(`refused: the data broke the contract${because}`);
    case "gated": return style.red(`stopped by a gate${because}`);
    case "rejected": return style.red(`${version} was rejected${because}`);
    case "expired": return style.red(`${version} was not approved in time${because}`);
    case "superseded": return style.yellow(`superseded${because}`);
    case "aborted": return style.red(`${version} had begun to take over${because}`);
    case "cancelled": return style.yellow("cancelled");
    case "held": return style.yellow(`held, the data is not complete${because}`);
    case "failed": return style.red(`failed${because}`);
    case "waiting": return style.yellow(`${version} waits for an approval`);
    case "running": return "running";
  }
}

/** What one would type next. */
export function nextCommand({ state, pipeline, run, v, question, endedAt }: RunRecord): string {
  if (state === "waiting" && question !== null) return `relearn approve ${run} --digest ${question.digest.slice(0, 12)}`;
  if (state === "promoted") return `relearn show ${pipeline}@${v}`;
  if (state === "aborted") return `relearn history ${pipeline}`;
  if (state === "gated" && v !== null) return `relearn show ${pipeline}@${v}`;
  if (state === "rejected" || state === "expired") return `relearn promote ${pipeline} ${v}`;
  return endedAt === null ? `relearn watch ${run}` : `relearn runs ${pipeline}`;
}

import type { RunRecord } from "../../schemas/run.ts";
import { readLimit, readName } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { duration, shortTime } from "../support/format.ts";
import { queuedLines } from "../support/queued-runs.ts";
import { newestRuns } from "../support/run-records.ts";
import { withStore } from "../support/store.ts";
import { plain, type Style } from "../support/style.ts";
import { renderTable } from "../support/table.ts";

/** Lists runs, newest first. */
export async function runs(cli: Cli, pipeline: string | undefined, options: { readonly limit: string }): Promise<void> {
  const limit = readLimit(options.limit);
  const name = pipeline === undefined ? null : readName(pipeline, "pipeline");
  const settings = await cli.settings();
  const found = await withStore(settings, (store) => newestRuns(store, name, limit));
  cli.give(found, found.length === 0 ? "no runs yet; `relearn run <definition>` starts one" : tableOf(found, cli));
  for (const line of cli.json ? [] : await queuedLines(settings, found)) cli.say(line);
  const waiting = found.find((run) => run.state === "waiting");
  if (waiting !== undefined) cli.say(cli.style.dim(`\nwaits for an answer: relearn watch ${waiting.run}`));
}

const tableOf = (records: readonly RunRecord[], { style, width }: Cli): string => renderTable([
  { title: "RUN", cell: (run) => run.run },
  { title: "STATE", cell: (run) => stateText(run, style) },
  { title: "VERSION", cell: (run) => (run.v === null ? "-" : `v${run.v}`) },
  { title: "AS OF", cell: (run) => shortTime(run.asOf) },
  { title: "STARTED", cell: (run) => shortTime(run.startedAt) },
  { title: "TOOK", cell: (run) => (run.endedAt === null ? "-" : duration((Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000)), right: true },
  { title: "WHY", cell: (run) => plain(run.reason ?? run.causes.map((cause) => `${cause.kind}${cause.by === null ? "" : ` ${cause.by}`}`).join(", ")), wraps: true },
], records, width);

function stateText({ state, stage }: RunRecord, style: Style): string {
  if (state === "running") return style.cyan(`running ${stage}`);
  if (state === "promoted") return style.green(state);
  return state === "waiting" || state === "held" ? style.yellow(state) : style.red(state);
}

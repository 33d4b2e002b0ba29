import { outcomeOf } from "../../policy/approval.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { approvalText } from "./approval-text.ts";
import type { Cli } from "./cli.ts";
import { followRun } from "./follow-run.ts";
import { interrupted, interruptible } from "./interrupt.ts";
import { exitCodes, nextCommand, outcomeLine } from "./run-outcome.ts";
import { runEvidence } from "./run-evidence.ts";
import { newestRuns } from "./run-records.ts";
import { runScreen } from "./run-screen.ts";
import { inTime, type TemporalAccess } from "./temporal.ts";

export interface WatchPlace {
  readonly cli: Cli;
  readonly settings: Settings;
  readonly access: TemporalAccess;
  readonly store: ObjectStore;
}

/**
 * Follows a run until it ends, until it waits for an approval that nobody here waits for, or until Ctrl-C, which leaves it running.
 * @param wait go on through the approval: also without a terminal, on a terminal only (false), or not even there; then data that is missing is not waited for either
 * @returns the exit code
 */
export async function watchRun(place: WatchPlace, workflowId: string, wait: boolean | "never"): Promise<number> {
  const { cli, store } = place;
  const earlier = (await newestRuns(store, null, 20)).find((run) => run.run !== workflowId && run.pipeline === workflowId.split("/")[0] && run.seconds.train !== undefined) ?? null;
  return interruptible(cli, async (signal) => {
    const screen = runScreen(cli, earlier);
    let asked = "";
    let last: RunRecord | null = null;
    try {
      for await (const moment of followRun(place.access, store, workflowId, signal)) {
        last = moment.record;
        screen.show(moment);
        if (wait === "never" && moment.record.state === "held") break;
        if (!isQuestion(moment.record) || moment.record.question?.digest === asked) continue;
        const fresh = await progressOf(place.access, moment.record);
        if (!isQuestion(fresh)) continue;
        last = fresh;
        asked = fresh.question?.digest ?? "";
        screen.rest();
        cli.say(`\n${await question(place, fresh)}\n`);
        if (wait === "never" || (!wait && !cli.interactive)) break;
        screen.show(moment);
      }
    } finally {
      screen.rest();
    }
    return signal.aborted ? detached(cli, workflowId) : ended(place, last);
  });
}

const isQuestion = ({ state, question, answers }: RunRecord): boolean => state === "waiting" && question !== null && outcomeOf(answers, question) === "waiting";

/** The workflow's own word, for the stored record may be a moment late; the record where no worker answers. */
async function progressOf(access: TemporalAccess, record: RunRecord): Promise<RunRecord> {
  const handle = access.client.workflow.getHandle(record.run);
  return inTime(access, "how the run stands", () => handle.query<RunRecord>("progress"), 3_000).catch(() => record);
}

async function question({ cli, settings, store }: WatchPlace, record: RunRecord): Promise<string> {
  return `${await runEvidence(store, record, cli)}\n\n${approvalText(record, settings.temporal, cli.style)}`;
}

function detached(cli: Cli, workflowId: string): number {
  cli.give({ workflowId, detached: true }, `\n${workflowId} goes on. Come back with: relearn watch ${workflowId}`);
  return interrupted;
}

async function ended({ cli, store }: WatchPlace, record: RunRecord | null): Promise<number> {
  if (record === null) return 0;
  if (record.state === "gated") cli.say(`\n${await runEvidence(store, record, cli)}\n`);
  cli.give(record, outcomeLine(record, cli.style));
  cli.say(cli.style.dim(`next: ${nextCommand(record)}`));
  return exitCodes[record.state];
}

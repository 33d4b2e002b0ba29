import { setTimeout as sleep } from "node:timers/promises";
import { signalLine } from "../../cli/support/approval-text.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { TemporalSettings } from "../../schemas/settings.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { listRuns } from "../../stores/runs.ts";
import type { Stage } from "./stage.ts";

export interface DemoRuns {
  /** The run under way, as it stood when it was last looked at. */
  readonly current: RunRecord | null;
  /** The schedule's nominal time comes, the run goes to its question, the question is answered, the version serves. */
  asOf(day: string): Promise<void>;
  /**
   * A run that has started by itself goes to its question, the question is answered, the version takes over.
   * @param meanwhile what has to go on so that it can take over, once it was approved. @returns what that gave; null where it took over at once
   */
  answering<T>(run: string, meanwhile: (run: RunRecord) => Promise<T>): Promise<T | null>;
}

/** @param asks somebody sits here: only they answer */
export function openRuns(stage: Stage, store: ObjectStore, temporal: TemporalSettings, asks: boolean): DemoRuns {
  let current: RunRecord | null = null;
  const look = async (run: string): Promise<RunRecord> => (current = await recordOf(store, run, stage.signal));
  const answered = async (run: string): Promise<RunRecord> => {
    for (;;) {
      const record = await look(run);
      if (record.state !== "waiting") return record;
      await sleep(500, undefined, { signal: stage.signal });
    }
  };
  const answering = async <T>(run: string, meanwhile?: (run: RunRecord) => Promise<T>): Promise<T | null> => {
    stage.say(asks ? "\nThe run will ask for an approval: answer from another terminal, with one of the lines it shows. Ctrl-C ends the demo with nothing approved.\n" : "");
    await stage.relearn("watch", run, "--no-wait").finally(() => look(run));
    if (current?.state === "waiting" && !asks) await approve(stage, current, temporal);
    const decided = await answered(run);
    const given = decided.endedAt === null && meanwhile !== undefined ? await meanwhile(decided) : null;
    await stage.relearn("watch", run, "--wait");
    const { state, reason } = await look(run);
    if (state !== "promoted") throw new RelearnError("NotApproved", `${run} ended ${state}${reason === null ? "" : `: ${reason}`}`);
    return given;
  };
  return {
    get current() { return current; },
    answering,
    async asOf(day) {
      await stage.relearn("schedule", "backfill", "flights", "--from", day, "--to", `${day}T12:00:00Z`, "--yes");
      await answering((await newestRun(store, day, stage.signal)).run);
    },
  };
}

/** A run that was started a moment ago writes its record soon. */
async function recordOf(store: ObjectStore, run: string, signal: AbortSignal): Promise<RunRecord> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(200, undefined, { signal })) {
    for await (const record of listRuns(store, "flights")) if (record.run === run) return record;
  }
  throw new RelearnError("NotFound", `${run} wrote no record within 30 s: look at \`relearn runs\` and at Temporal UI`);
}

async function newestRun(store: ObjectStore, day: string, signal: AbortSignal): Promise<RunRecord> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(200)) {
    for await (const record of listRuns(store, "flights")) if (record.asOf.startsWith(day)) return record;
    signal.throwIfAborted();
  }
  throw new RelearnError("NotFound", `no run of flights as of ${day} came within 30 s: look at \`relearn runs\` and at Temporal UI`);
}

/** Nobody sits here: the printed line is run as it stands, by the Temporal CLI alone. */
async function approve({ say, line }: Stage, record: RunRecord, temporal: TemporalSettings): Promise<void> {
  say("\nNobody is asked here, so the printed line answers:");
  await line(signalLine(record, temporal, "demo"));
  say();
}

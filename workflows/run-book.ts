import { CancellationScope, log, setCurrentDetails, upsertSearchAttributes, workflowInfo } from "@temporalio/workflow";
import type { RunInput } from "../activities/contract.ts";
import type { RunRecord, Stage } from "../schemas/run.ts";
import { quick } from "./activity-proxies.ts";
import { searchAttributes } from "./search-attributes.ts";

/**
 * What a run knows of itself: the record that people list, kept in the store beside the work and never in its way.
 * Writes are folded: while one is under way the next ones become one.
 */
export class RunBook {
  record: RunRecord;
  private stageBegan = Date.now();
  private dirty = false;
  private writing: Promise<void> = Promise.resolve();
  private busy = false;

  constructor(input: RunInput) {
    this.record = emptyRecord(input);
  }

  note(patch: Partial<RunRecord>): void {
    this.record = { ...this.record, ...patch, updatedAt: now() };
    this.dirty = true;
    if (!this.busy) this.writing = this.write();
  }

  /** Begins a stage: how long the last one took is on the record, and Temporal UI shows the new one. */
  enter(stage: Stage): void {
    const spent = (Date.now() - this.stageBegan) / 1000 + (this.record.seconds[this.record.stage] ?? 0);
    this.stageBegan = Date.now();
    upsertSearchAttributes([{ key: searchAttributes.stage, value: stage }]);
    if (stage !== "approve") setCurrentDetails(`**${stage}**`);
    this.note({ stage, state: "running", reason: null, seconds: { ...this.record.seconds, [this.record.stage]: spent } });
  }

  /** Resolves once the store holds the record as it is now. */
  async saved(): Promise<void> {
    await this.writing;
  }

  private async write(): Promise<void> {
    this.busy = true;
    try {
      while (this.dirty) {
        this.dirty = false;
        try {
          await CancellationScope.nonCancellable(() => quick.recordRun({ record: this.record }));
        } catch (error) {
          // A record that can never be written, for what is in it or stands in its place, must not end or hold up the run it is about.
          log.error("the run's record was not written", { error });
        }
      }
    } finally {
      this.busy = false;
    }
  }
}

export const now = (): string => new Date(Date.now()).toISOString();

function emptyRecord({ step, causes, version }: RunInput): RunRecord {
  const startedAt = workflowInfo().startTime.toISOString();
  return {
    version: 1, pipeline: step.pipeline, run: step.run, definition: step.definition, causes: [...causes], asOf: step.asOf, windows: step.windows,
    state: "running", stage: "ingest", reason: null, startedAt, updatedAt: startedAt, endedAt: null, seconds: {},
    snapshot: null, validation: null, rows: null, job: null, training: null, model: null, evaluation: null, gates: [],
    v: version, question: null, answers: [],
  };
}

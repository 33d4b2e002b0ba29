import type { Answer, RecordedAnswer } from "../../schemas/approval.ts";
import { failureTypeOf, RelearnError } from "../../schemas/failures.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { Settings } from "../../schemas/settings.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import { recordLateAnswer } from "../../stores/late-answers.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { approvalText } from "../support/approval-text.ts";
import { readDigest, readText } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { personOf } from "../support/person.ts";
import { runEvidence } from "../support/run-evidence.ts";
import { findRun } from "../support/run-records.ts";
import { withStore } from "../support/store.ts";
import { plain } from "../support/style.ts";
import { inTime, withTemporal } from "../support/temporal.ts";

interface AnswerOptions {
  readonly digest?: string;
  readonly by?: string;
  readonly comment?: string;
}

export const approve = (cli: Cli, run: string, options: AnswerOptions): Promise<void> => answer(cli, "approve", run, options);
export const reject = (cli: Cli, run: string, options: AnswerOptions): Promise<void> => answer(cli, "reject", run, options);

/** Answers a waiting run by update, so that whether it counts is known at once. An answer names what it answers. */
async function answer(cli: Cli, decision: RecordedAnswer["decision"], given: string, options: AnswerOptions): Promise<void> {
  const named = options.digest === undefined ? null : readDigest(options.digest);
  const comment = options.comment === undefined ? "" : readText("--comment", options.comment, 2_000);
  const settings = await cli.settings();
  await withStore(settings, async (store) => {
    const record = await findRun(store, given);
    if (record.endedAt !== null) throw await tooLate(store, record, decision, { by: await personOf(options.by), digest: named ?? "", comment });
    if (named === null) await shown(cli, settings, store, record, decision);
    const digest = named ?? (record.question as NonNullable<RunRecord["question"]>).digest;
    const input = { by: await personOf(options.by), digest, comment };
    const taken = await send(settings, record.run, decision, input);
    if (taken === null) throw await tooLate(store, await findRun(store, record.run), decision, input);
    const temporal = temporalLine(settings.temporal, ["workflow", "update", "execute"], { "workflow-id": record.run, name: decision, input });
    cli.give({ ...taken, workflowId: record.run, temporal }, `${decision === "approve" ? "approved" : "rejected"}: the answer of ${input.by} counts for ${record.run}`);
    cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn watch ${record.run}`));
  });
}

/** Refuses an answer to a run that is over, with what became of it. No workflow is left to keep the answer, so it is put on the run's record here. */
async function tooLate(store: ObjectStore, record: RunRecord, decision: RecordedAnswer["decision"], input: Answer): Promise<RelearnError> {
  const because = record.reason === null ? "" : `: ${plain(record.reason)}`;
  const ended = record.endedAt === null ? `does not run any more; it was last ${record.state} at ${record.stage}${because}` : `has ended already: ${record.state}${because}`;
  const kept = await recordLateAnswer(store, record, { ...input, claimed: true, decision, at: new Date().toISOString(), refused: `the run ${ended}` }).then(
    (room) => (room ? "it is kept in the run's record" : "the run's record has no room for it"),
    (error: unknown) => `it could not be kept in the run's record: ${(error as Error).message}`,
  );
  return new RelearnError("StaleApproval", `${record.run} ${ended}. The answer of ${input.by} does not count; ${kept}`);
}

/** Without a digest the question is shown whole, and the person must say that this is what they answer. */
async function shown(cli: Cli, settings: Settings, store: ObjectStore, record: RunRecord, decision: RecordedAnswer["decision"]): Promise<void> {
  const { question, run } = record;
  if (question === null || record.state !== "waiting") throw new RelearnError("StaleApproval", `${run} does not wait for an answer now; it is at ${record.stage} (${record.state})`);
  if (!cli.interactive) throw new RelearnError("Usage", `an answer names what it answers: give --digest with at least 12 hex digits; \`relearn watch ${run}\` shows the evidence and its digest`);
  cli.say(await runEvidence(store, record, cli));
  cli.say(`\n${approvalText(record, settings.temporal, cli.style)}\n`);
  if (!(await cli.confirm(`${decision} exactly this, digest ${question.digest.slice(0, 12)}?`))) throw new RelearnError("NotApproved", "nothing was answered");
}

/** @returns null where the run is over */
async function send(settings: Settings, run: string, decision: RecordedAnswer["decision"], input: Answer): Promise<RecordedAnswer | null> {
  return withTemporal(settings, async (access) => {
    const handle = access.client.workflow.getHandle(run);
    try {
      return await inTime(access, `the answer to ${run}`, () => handle.executeUpdate<RecordedAnswer, [typeof input]>(decision, { args: [input] }));
    } catch (error) {
      const { cause } = error as { cause?: unknown };
      if (failureTypeOf(cause) !== null) throw new RelearnError(failureTypeOf(cause) as "StaleApproval", (cause as Error).message, { cause: error });
      if ((error as Error).name === "WorkflowNotFoundError") return null;
      throw error;
    }
  });
}

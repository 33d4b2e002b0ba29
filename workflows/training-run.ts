import { ActivityFailure, allHandlersFinished, ApplicationFailure, CancellationScope, condition, isCancellation, setCurrentDetails, setHandler, upsertSearchAttributes } from "@temporalio/workflow";
import type { RunEnd, RunInput, TrainResult, VersionRef } from "../activities/contract.ts";
import { markdownText } from "../policy/markdown-text.ts";
import type { FailureType } from "../schemas/failures.ts";
import type { RunState } from "../schemas/run.ts";
import { heavyActivities, quick, watch } from "./activity-proxies.ts";
import { ApprovalDesk } from "./approval-desk.ts";
import { progressQuery, recheckSignal } from "./messages.ts";
import { RunBook, now } from "./run-book.ts";
import { searchAttributes } from "./search-attributes.ts";

/** Carries one candidate from closed windows to a registered version and, if a person approves, to the deployment. */
export async function trainingRun(input: RunInput): Promise<RunEnd> {
  if (typeof input?.step?.run !== "string") throw ApplicationFailure.nonRetryable("trainingRun needs {step, causes, version}", "InvalidInput");
  const book = new RunBook(input);
  const desk = new ApprovalDesk(book);
  setHandler(progressQuery, () => book.record);
  upsertSearchAttributes([{ key: searchAttributes.pipeline, value: input.step.pipeline }, { key: searchAttributes.model, value: input.step.pipeline }]);
  try {
    const end = await carry(input, book, desk);
    await finish(book, end);
    return end;
  } catch (error) {
    const end = endOf(error);
    await CancellationScope.nonCancellable(() => finish(book, end));
    if (end.state === "refused") return end;
    throw error;
  }
}

async function carry(input: RunInput, book: RunBook, desk: ApprovalDesk): Promise<RunEnd> {
  const { step } = input;
  const data = await ingestWhenComplete(input, book);
  if ("state" in data) return data;

  book.enter("validate");
  const champion = await quick.champion({ model: step.pipeline });
  const validated = await heavyActivities().validate({ ...step, dataset: data.dataset, champion });
  book.note({ validation: validated.report });
  if (validated.status === "refused") return { state: "refused", reason: validated.reasons.join("; ") };
  book.note({ snapshot: validated.snapshot, rows: validated.rows });

  const trained = await trainOrFind(input, validated.snapshot, book);
  return judge(input, validated.snapshot, trained, book, desk);
}

/** A missing or half-written partition holds the run: it looks again, ever more seldom, until its patience ends. */
async function ingestWhenComplete({ step, patienceMs }: RunInput, book: RunBook): Promise<{ readonly dataset: TrainDataset } | RunEnd> {
  let recheck = false;
  setHandler(recheckSignal, () => void (recheck = true), { description: "Look for the missing data now." });
  const deadline = Date.now() + patienceMs;
  for (let wait = 30_000; ; wait = Math.min(wait * 2, 600_000)) {
    book.enter("ingest");
    const result = await heavyActivities().ingest(step);
    if (result.status === "ready") return result;
    const reason = result.reasons.join("; ");
    const left = deadline - Date.now();
    if (left <= 0) return { state: "held", reason };
    book.note({ state: "held", reason });
    setCurrentDetails(`**held**: the data is not complete\n\n${result.reasons.map((line) => `- ${markdownText(line)}`).join("\n")}\n\nLooks again by itself; signal \`recheck\` looks now.`);
    recheck = false;
    await condition(() => recheck, Math.min(wait, left));
  }
}
type TrainDataset = { readonly sha256: string; readonly bytes: number };

async function trainOrFind({ step, version }: RunInput, snapshot: string, book: RunBook): Promise<TrainResult> {
  if (version !== null) return (await quick.versionEvidence({ model: step.pipeline, v: version })).trained;
  book.enter("train");
  const job = step.run.split("/").at(-1) ?? step.run;
  book.note({ job });
  const trained = await watch.train({ ...step, snapshot, job });
  book.note({ model: trained.model, training: null });
  return trained;
}

/** Evaluates, registers, asks and promotes; from the start again when the champion changed meanwhile. */
async function judge(input: RunInput, snapshot: string, trained: TrainResult, book: RunBook, desk: ApprovalDesk): Promise<RunEnd> {
  const { step, causes } = input;
  const { model, predictions, sample } = trained;
  let version: VersionRef | null = input.version === null ? null : (await quick.versionEvidence({ model: step.pipeline, v: input.version })).version;
  for (;;) {
    desk.freshen();
    book.enter("evaluate");
    const champion = await quick.champion({ model: step.pipeline });
    const { evaluation, passed, gates } = await heavyActivities().evaluate({ ...step, snapshot, model, predictions, sample, champion });
    book.note({ model, evaluation, gates: [...gates] });
    if (!passed) return { state: "gated", reason: gates.filter((gate) => gate.answer === "no" || gate.answer === "not-evaluated").map((gate) => `${gate.gate}: ${gate.reason}`).join("; ") };

    book.enter("register");
    version ??= await quick.register({ ...step, snapshot, trained, evaluation, causes });
    book.note({ v: version.v });
    upsertSearchAttributes([{ key: searchAttributes.version, value: version.v }]);

    const decided = await decision({ step, v: version.v, model, evaluation, champion }, book, desk);
    if (decided === "champion-changed") continue;
    if (decided !== "approved") return { state: decided, reason: decided === "expired" ? "nobody answered in time" : rejection(book) };
    return promoted(input, version.v, book);
  }
}

type Candidate = Omit<Parameters<typeof quick.decide>[0], "question" | "decision" | "answers" | keyof RunInput["step"]> & Pick<RunInput, "step">;

async function decision({ step, ...candidate }: Candidate, book: RunBook, desk: ApprovalDesk): Promise<"approved" | "rejected" | "expired" | "champion-changed"> {
  book.enter("approve");
  const { question, markdown } = await quick.ask({ ...step, ...candidate, askedAt: now() });
  setCurrentDetails(markdown);
  book.note({ question, state: "waiting" });
  const outcome = await desk.outcome(question);
  if (outcome === "champion-changed") return outcome;
  const recorded = await quick.decide({ ...step, ...candidate, question, decision: outcome, answers: desk.answers(question) });
  if (recorded.status === "champion-changed") return "champion-changed";
  upsertSearchAttributes([{ key: searchAttributes.decision, value: outcome }]);
  return outcome;
}

async function promoted({ step }: RunInput, v: number, book: RunBook): Promise<RunEnd> {
  book.enter("promote");
  const answer = await watch.propose({ model: step.pipeline, v, run: step.run });
  if (answer.status === "refused") return { state: answer.aborted === true ? "aborted" : "superseded", reason: answer.reason };
  // Anybody may send an update under this run's name, and the first answer is heard by all.
  if (answer.v !== v) return { state: "superseded", reason: `version ${answer.v} was promoted in this run's name (entry ${answer.n}), and not its version ${v}` };
  return { state: "promoted", reason: null };
}

async function finish(book: RunBook, { state, reason }: RunEnd): Promise<void> {
  if (book.record.stage !== "done") book.enter("done");
  setCurrentDetails(`**${state}**${reason === null ? "" : `: ${markdownText(reason)}`}`);
  book.note({ state: state satisfies RunState, reason, endedAt: now() });
  await book.saved();
  await condition(allHandlersFinished);
}

function rejection(book: RunBook): string {
  const no = book.record.answers.find((answer) => answer.decision === "reject" && answer.refused === null);
  return `${no?.by ?? "somebody unknown"} said no${no?.comment ? `: ${no.comment}` : ""}`;
}

/** What an activity says of its failure names the file and what to do; the causes below it do not. */
function endOf(error: unknown): RunEnd {
  if (isCancellation(error)) return { state: "cancelled", reason: null };
  const told = error instanceof ActivityFailure && error.cause !== undefined ? error.cause : (error as Error);
  const refused = told instanceof ApplicationFailure && told.type === ("DataRefused" satisfies FailureType);
  return { state: refused ? "refused" : "failed", reason: told.message };
}

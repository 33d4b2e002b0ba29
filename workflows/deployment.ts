import { allHandlersFinished, ApplicationFailure, condition, continueAsNew, isCancellation, setCurrentDetails, setHandler, upsertSearchAttributes, uuid4, workflowInfo } from "@temporalio/workflow";
import type { CommitResult, VersionRef } from "../activities/contract.ts";
import { readPromote, readPropose, readRollback } from "../policy/deployment-requests.ts";
import { quick } from "./activity-proxies.ts";
import { type DeploymentAnswer, type DeploymentStatus, promoteSignal, promoteUpdate, proposeUpdate, rollbackSignal, rollbackUpdate, statusQuery } from "./messages.ts";
import { now } from "./run-book.ts";
import { searchAttributes } from "./search-attributes.ts";

export interface DeploymentState {
  readonly model: string;
  readonly recent?: DeploymentStatus["recent"];
}

interface Request {
  readonly title: string;
  readonly run: string | null;
  readonly commit: () => Promise<CommitResult>;
  answer: DeploymentAnswer | null;
}

const keptAnswers = 20;

/** One per model, for ever: the only writer of what serves. Requests are carried out one at a time, in the order they came. */
export async function deployment(input: DeploymentState): Promise<void> {
  if (typeof input?.model !== "string") throw ApplicationFailure.nonRetryable("deployment needs {model}", "InvalidInput");
  const { model } = input;
  const waiting: Request[] = [];
  let recent = input.recent ?? [];
  let champion: VersionRef | null = null;

  const ask = async (request: Omit<Request, "answer">): Promise<DeploymentAnswer> => {
    const queued: Request = { ...request, answer: null };
    waiting.push(queued);
    await condition(() => queued.answer !== null);
    return queued.answer as unknown as DeploymentAnswer;
  };
  const promoting = (v: number, run: string, txn: string, title: string) => ask({ title, run, commit: () => quick.promote({ model, v, run, txn }) });
  const promote = async (args: readonly unknown[]) => {
    const request = readPromote(args);
    return "problem" in request ? refused(request.problem) : promoting(request.v, `${model}/deployment`, `${model}/deployment/${uuid4()}`, `promote ${request.v} by ${request.by}`);
  };
  const rollback = async (args: readonly unknown[]) => {
    const request = readRollback(args);
    if ("problem" in request) return refused(request.problem);
    const txn = `${model}/deployment/${uuid4()}`;
    return ask({ title: `rollback by ${request.by}`, run: null, commit: () => quick.rollback({ model, ...request, claimed: true, txn }) });
  };

  const propose = async (args: readonly unknown[]) => {
    const request = readPropose(args);
    return "problem" in request ? refused(request.problem) : promoting(request.v, request.run, `${request.run}/promote`, `propose ${request.v} by ${request.run}`);
  };

  setHandler(proposeUpdate, (...args) => propose(args), { description: "A run hands over its approved version." });
  setHandler(promoteUpdate, (...args) => promote(args), { description: 'Serve a version that has a decision against today\'s champion: {"v", "by"}.' });
  setHandler(rollbackUpdate, (...args) => rollback(args), { description: 'Serve an earlier champion again: {"to"?, "by", "reason"?}.' });
  setHandler(promoteSignal, async (...args) => void (await promote(args)), { description: "As the update." });
  setHandler(rollbackSignal, async (...args) => void (await rollback(args)), { description: "As the update." });
  setHandler(statusQuery, () => ({ champion, busy: waiting.length > 0, recent }));
  upsertSearchAttributes([{ key: searchAttributes.model, value: model }]);

  champion = await quick.champion({ model });
  for (;;) {
    showChampion(champion);
    await condition(() => waiting.length > 0 || (workflowInfo().continueAsNewSuggested && allHandlersFinished()));
    const request = waiting[0];
    if (request === undefined) return continueAsNew<typeof deployment>({ model, recent });
    const result = await carryOut(request);
    if (result.status === "committed") champion = result.champion;
    const answer: DeploymentAnswer = result.status === "committed" ? { status: "committed", n: result.n, v: result.champion.v } : result;
    recent = [{ at: now(), request: request.title, answer }, ...recent].slice(0, keptAnswers);
    request.answer = answer;
    waiting.shift();
    if (result.status === "committed") await quick.announceChampion({ model, except: request.run });
  }
}

/** What the store refuses is an answer; only a cancelled workflow throws. */
async function carryOut(request: Request): Promise<CommitResult> {
  try {
    return await request.commit();
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = (error as { cause?: { message?: string } }).cause;
    return { status: "refused", reason: cause?.message ?? (error as Error).message };
  }
}

function refused(reason: string): DeploymentAnswer {
  return { status: "refused", reason };
}

function showChampion(champion: VersionRef | null): void {
  setCurrentDetails(champion === null ? "No version serves yet." : `**Champion**: version ${champion.v}, model \`${champion.model.sha256.slice(0, 12)}\``);
}

import { allHandlersFinished, ApplicationFailure, condition, continueAsNew, patched, setCurrentDetails, setHandler, upsertSearchAttributes, uuid4, workflowInfo } from "@temporalio/workflow";
import type { VersionRef } from "../activities/contract.ts";
import { readPromote, readPropose, readRollback, readSteer, readTraffic } from "../policy/deployment-requests.ts";
import { rolloutMarkdown } from "../policy/rollout-text.ts";
import { quick } from "./activity-proxies.ts";
import { answered, type Carried } from "./carried.ts";
import { type DeploymentAnswer, type DeploymentStatus, promoteSignal, promoteUpdate, proposeUpdate, rollbackSignal, rollbackUpdate, rolloutSignals, rolloutUpdates, statusQuery } from "./messages.ts";
import { type DeskState, RolloutDesk } from "./rollout-desk.ts";
import { now } from "./run-book.ts";
import { searchAttributes } from "./search-attributes.ts";

export interface DeploymentState {
  readonly model: string;
  readonly recent?: DeploymentStatus["recent"];
  readonly desk?: DeskState;
  /** Continues as new after so many events; left out, when the server suggests it. */
  readonly events?: number;
}

interface Request {
  readonly title: string;
  /** Goes before all others: an abort wins over what has not begun. */
  readonly first: boolean;
  readonly carry: () => Promise<Carried>;
  answer: DeploymentAnswer | null;
}

const keptAnswers = 20;
/** Marks histories since versions take over step by step. */
const rollouts = "rollouts";

/** One per model, for ever: the only writer of what serves. Requests are carried out one at a time, in the order they came, between two looks at a rollout. */
export async function deployment(input: DeploymentState): Promise<void> {
  if (typeof input?.model !== "string") throw ApplicationFailure.nonRetryable("deployment needs {model}", "InvalidInput");
  const { model, events } = input;
  const waiting: Request[] = [];
  const desk = new RolloutDesk(model, input.desk);
  let recent = input.recent ?? [];
  let champion: VersionRef | null = null;

  const ask = async (title: string, carry: Request["carry"], first = false): Promise<DeploymentAnswer> => {
    const queued: Request = { title, carry, first, answer: null };
    waiting.splice(first ? 0 : waiting.length, 0, queued);
    await condition(() => queued.answer !== null);
    return queued.answer as unknown as DeploymentAnswer;
  };
  const freshTxn = () => `${model}/deployment/${uuid4()}`;
  const promoting = (v: number, run: string, txn: string, title: string, by: string) =>
    ask(title, async () => {
      const carried = await answered(() => quick.promote({ model, v, run, txn }));
      desk.heard("promote", by, carried);
      return { ...carried, except: run };
    });
  const promote = async (args: readonly unknown[]) => {
    const request = readPromote(args);
    return "problem" in request ? refused(request.problem) : promoting(request.v, `${model}/deployment`, freshTxn(), `promote ${request.v} by ${request.by}`, request.by);
  };
  const rollback = async (args: readonly unknown[]) => {
    const request = readRollback(args);
    if ("problem" in request) return refused(request.problem);
    const txn = freshTxn();
    return ask(`rollback by ${request.by}`, async () => {
      const carried = await answered(() => quick.rollback({ model, ...request, claimed: true, txn }));
      desk.heard("rollback", request.by, carried);
      return { ...carried, except: null };
    });
  };

  const propose = async (args: readonly unknown[]): Promise<DeploymentAnswer> => {
    const request = readPropose(args);
    if ("problem" in request) return refused(request.problem);
    if (!patched(rollouts)) return promoting(request.v, request.run, `${request.run}/promote`, `propose ${request.v} by ${request.run}`, request.run);
    const full = desk.take(request);
    if (full !== null) return refused(full);
    const isQueued = () => desk.course !== null && !desk.isTakingOver(request) && desk.answerTo(request) === null;
    await condition(() => desk.answerTo(request) !== null || desk.isTakingOver(request) || isQueued());
    return desk.answerTo(request) ?? { status: desk.isTakingOver(request) ? "rolling-out" : "waiting", v: request.v };
  };

  const steering = (title: string, carry: () => Promise<Carried>) => ask(title, async () => (desk.course === null ? { answer: refused("no version is taking over") } : carry()));
  const steer = (name: "pause" | "resume" | "abort" | "advance") => async (args: readonly unknown[]) => {
    const request = readSteer(name, args);
    if ("problem" in request) return refused(request.problem);
    const asked = { ...request, txn: freshTxn() };
    const title = `${name} by ${request.by}`;
    if (name === "abort") return ask(title, () => desk.abort(asked), true);
    return steering(title, async () => (desk.course?.promoted ? { answer: refused("it is promoted already") } : name === "advance" ? desk.advance(asked) : desk.step(name, { ...asked, share: null })));
  };
  const setTraffic = async (args: readonly unknown[]) => {
    const request = readTraffic(args);
    if ("problem" in request) return refused(request.problem);
    const txn = freshTxn();
    const step = () => desk.step("set-traffic", { ...request, reason: `${request.by} set its share to ${request.share} %`, txn });
    return steering(`setTraffic ${request.share} by ${request.by}`, async () => (desk.course?.promoted || desk.course?.plan.kind === "blueGreen" ? { answer: refused(desk.course.promoted ? "it is promoted already" : "blue/green gives it all traffic or none; promote it, or abort") } : step()));
  };
  const steers = { pause: steer("pause"), resume: steer("resume"), abort: steer("abort"), advance: steer("advance"), setTraffic };

  setHandler(proposeUpdate, (...args) => propose(args), { description: "A run hands over its approved version." });
  setHandler(promoteUpdate, (...args) => promote(args), { description: 'Serve a version that has a decision against today\'s champion: {"v", "by"}.' });
  setHandler(rollbackUpdate, (...args) => rollback(args), { description: 'Serve an earlier champion again: {"to"?, "by", "reason"?}.' });
  setHandler(promoteSignal, async (...args) => void (await promote(args)), { description: "As the update." });
  setHandler(rollbackSignal, async (...args) => void (await rollback(args)), { description: "As the update." });
  setHandler(rolloutSignals.propose, async (...args) => void (await propose(args)), { description: "As the update." });
  for (const [name, handle] of Object.entries(steers) as [keyof typeof steers, (args: readonly unknown[]) => Promise<DeploymentAnswer>][]) {
    setHandler(rolloutUpdates[name], (...args) => handle(args), { description: descriptions[name] });
    setHandler(rolloutSignals[name], async (...args) => void (await handle(args)), { description: "As the update." });
  }
  setHandler(statusQuery, () => ({ champion, busy: waiting.length > 0, recent, rollout: desk.status(), waiting: desk.proposals, settled: desk.settled }));
  upsertSearchAttributes([{ key: searchAttributes.model, value: model }]);

  champion = await quick.champion({ model });
  if (input.desk === undefined && patched(rollouts)) await desk.adopt();

  const isFull = () => (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength >= (events ?? Infinity)) && waiting.length === 0 && allHandlersFinished();
  const canBegin = () => desk.course === null && desk.proposals.length > 0;
  const isCalled = () => waiting.length > 0 || canBegin() || isFull();
  for (;;) {
    show(model, champion, desk);
    if (!isCalled()) await (desk.course === null ? condition(isCalled) : condition(isCalled, desk.course.pauseMs ?? 1));
    if (isFull()) return continueAsNew<typeof deployment>({ model, recent, desk: desk.state, ...(events === undefined ? {} : { events }) });
    const request = waiting[0];
    const title = request?.title ?? titleOf(desk);
    const carried = await (request?.carry() ?? (canBegin() ? desk.begin() : desk.look(() => waiting.some(({ first }) => first))));
    if (carried === null) continue;
    const { answer } = carried;
    champion = carried.champion ?? champion;
    recent = [{ at: now(), request: title, answer }, ...recent].slice(0, keptAnswers);
    if (request !== undefined) {
      request.answer = answer;
      waiting.splice(waiting.indexOf(request), 1);
    }
    if (carried.champion !== undefined) await quick.announceChampion({ model, except: carried.except ?? null });
  }
}

const descriptions = {
  pause: 'Take no further step until it is resumed; what is worse still goes back: {"by", "reason"?}.',
  resume: 'Go on: {"by", "reason"?}.',
  abort: 'The champion keeps all traffic: {"by", "reason"?, "run"?}; with run only if it is that run\'s version.',
  advance: 'Take the next step now, whatever the evidence says so far: {"by", "reason"?}.',
  setTraffic: 'Give the new version this percent of the traffic: {"share", "by"}.',
} as const;

function titleOf({ course, proposals }: RolloutDesk): string {
  if (course !== null) return `rollout of ${course.active.candidate.v}`;
  return `propose ${proposals[0]?.v} by ${proposals[0]?.run}`;
}

function refused(reason: string): { readonly status: "refused"; readonly reason: string } {
  return { status: "refused", reason };
}

function show(model: string, champion: VersionRef | null, { course, proposals }: RolloutDesk): void {
  const serves = champion === null ? "No version serves yet." : `**Champion**: version ${champion.v}, model \`${champion.model.sha256.slice(0, 12)}\``;
  const rollout = course === null ? "" : `\n\n${rolloutMarkdown({ model, rollout: course.active, shares: course.plan.shares, settling: course.promoted !== null, reason: course.reason, checks: course.checks })}`;
  const line = proposals.length === 0 ? "" : `\n\nIn line: ${proposals.map(({ v }) => `version ${v}`).join(", ")}`;
  setCurrentDetails(`${serves}${rollout}${line}`);
}

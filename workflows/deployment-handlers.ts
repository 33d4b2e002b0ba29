import { condition, patched, setHandler, uuid4 } from "@temporalio/workflow";
import type { DeploymentAnswer } from "../activities/contract.ts";
import { readPromote, readPropose, readRollback, readSteer, readTraffic } from "../policy/deployment-requests.ts";
import { quick } from "./activity-proxies.ts";
import { answered, type Carried } from "./carried.ts";
import { promoteSignal, promoteUpdate, proposeUpdate, rollbackSignal, rollbackUpdate, rolloutSignals, rolloutUpdates } from "./messages.ts";
import type { RequestLine } from "./request-line.ts";
import type { RolloutDesk, Steer } from "./rollout-desk.ts";

/** Marks histories since versions take over step by step. */
export const rollouts = "rollouts";

/** Marks histories since an abort also ends promotions that wait for their turn. */
const abortsPromotions = "abort-ends-promotions";

interface Parts {
  readonly model: string;
  readonly line: RequestLine;
  readonly desk: RolloutDesk;
}

type Handler = (args: readonly unknown[]) => Promise<DeploymentAnswer>;

/** Lets people speak to a deployment; whatever the arguments, they get an answer. */
export function handleRequests(parts: Parts): void {
  const [propose, promote, rollback] = [proposing(parts), promoting(parts), rollingBack(parts)];
  setHandler(proposeUpdate, (...args) => propose(args), { description: "A run hands over its approved version." });
  setHandler(promoteUpdate, (...args) => promote(args), { description: 'Serve a version that has a decision against today\'s champion: {"v", "by", "reason"?}.' });
  setHandler(rollbackUpdate, (...args) => rollback(args), { description: 'Serve an earlier champion again: {"to"?, "by", "reason"?}.' });
  setHandler(promoteSignal, async (...args) => void (await promote(args)), { description: "As the update." });
  setHandler(rollbackSignal, async (...args) => void (await rollback(args)), { description: "As the update." });
  setHandler(rolloutSignals.propose, async (...args) => void (await propose(args)), { description: "As the update." });
  for (const [name, handle] of Object.entries(steering(parts)) as [keyof typeof descriptions, Handler][]) {
    setHandler(rolloutUpdates[name], (...args) => handle(args), { description: descriptions[name] });
    setHandler(rolloutSignals[name], async (...args) => void (await handle(args)), { description: "As the update." });
  }
}

const descriptions = {
  pause: 'Take no further step until it is resumed; what is worse still goes back: {"by", "reason"?}.',
  resume: 'Go on: {"by", "reason"?}.',
  abort: 'The champion keeps all traffic: {"by", "reason"?}.',
  advance: 'Take the next step now, whatever the evidence says so far: {"by", "reason"?}.',
  setTraffic: 'Give the new version this percent of the traffic: {"share", "by"}.',
} as const;

const freshTxn = (model: string): string => `${model}/deployment/${uuid4()}`;

function proposing(parts: Parts): Handler {
  const { desk } = parts;
  return async (args) => {
    const request = readPropose(args);
    if ("problem" in request) return refused(request.problem);
    const { v, run } = request;
    if (!patched(rollouts)) return askToPromote(parts, { v, run, txn: `${run}/promote`, title: `propose ${v} by ${run}`, by: run });
    const full = desk.take(request);
    if (full !== null) return refused(full);
    const isInLine = (): boolean => desk.course !== null && !desk.isTakingOver(request) && desk.answerTo(request) === null;
    await condition(() => desk.answerTo(request) !== null || desk.isTakingOver(request) || isInLine());
    return desk.answerTo(request) ?? { status: desk.isTakingOver(request) ? "rolling-out" : "waiting", v };
  };
}

function promoting(parts: Parts): Handler {
  const run = `${parts.model}/deployment`;
  return async (args) => {
    const request = readPromote(args);
    if ("problem" in request) return refused(request.problem);
    const { v, by, reason } = request;
    return askToPromote(parts, { v, run, txn: freshTxn(parts.model), title: `promote ${v} by ${by}`, by, reason });
  };
}

interface Promotion {
  readonly v: number;
  readonly run: string;
  readonly txn: string;
  readonly title: string;
  readonly by: string;
  /** Of the person who asked; left out where it was a run. */
  readonly reason?: string;
}

function askToPromote({ model, line, desk }: Parts, { v, run, txn, title, by, reason }: Promotion): Promise<DeploymentAnswer> {
  return line.ask(title, async () => {
    const carried = await answered(() => quick.promote({ model, v, run, txn, ...(reason === undefined ? {} : { by, reason }) }));
    desk.heard("promote", by, carried);
    return { ...carried, except: run };
  }, { promotes: v });
}

/** Whoever aborts wants no new version: what was asked to be promoted and has not begun ends with what is taking over. */
async function abortAll({ line, desk }: Parts, asked: Steer): Promise<Carried> {
  const [v] = asked.run === null ? line.promotions : [];
  if (v === undefined || !patched(abortsPromotions)) return desk.abort(asked);
  line.refusePromotions(`aborted before its turn came, by ${asked.by}${asked.reason === "" ? "" : `: ${asked.reason}`}`);
  return desk.course === null && desk.proposals.length === 0 ? { answer: { status: "committed", n: 0, v, reason: "its promotion had not begun, so the log says nothing of it" } } : desk.abort(asked);
}

function rollingBack({ model, line, desk }: Parts): Handler {
  return async (args) => {
    const request = readRollback(args);
    if ("problem" in request) return refused(request.problem);
    const txn = freshTxn(model);
    return line.ask(`rollback by ${request.by}`, async () => {
      const carried = await answered(() => quick.rollback({ model, ...request, claimed: true, txn }));
      desk.heard("rollback", request.by, carried);
      return { ...carried, except: null };
    });
  };
}

/** What people say to a rollout. Only an abort goes before all others, and may also end what has not begun. */
function steering({ model, line, desk }: Parts): Readonly<Record<keyof typeof descriptions, Handler>> {
  const steer = (name: "pause" | "resume" | "abort" | "advance"): Handler => async (args) => {
    const request = readSteer(name, args);
    if ("problem" in request) return refused(request.problem);
    const asked = { ...request, txn: freshTxn(model) };
    const title = `${name} by ${request.by}`;
    if (name === "abort") return line.ask(title, () => abortAll({ model, line, desk }, asked), { first: true });
    return line.ask(title, () => whileTakingOver(desk, () => (name === "advance" ? desk.advance(asked) : desk.step(name, { ...asked, share: null }))));
  };
  const setTraffic: Handler = async (args) => {
    const request = readTraffic(args);
    if ("problem" in request) return refused(request.problem);
    const txn = freshTxn(model);
    const step = () => desk.step("set-traffic", { ...request, reason: `${request.by} set its share to ${request.share} %`, txn });
    const allOrNothing = async () => ({ answer: refused("blue/green gives it all traffic or none; promote it, or abort") });
    return line.ask(`setTraffic ${request.share} by ${request.by}`, () => whileTakingOver(desk, () => (desk.course?.plan.kind === "blueGreen" ? allOrNothing() : step())));
  };
  return { pause: steer("pause"), resume: steer("resume"), abort: steer("abort"), advance: steer("advance"), setTraffic };
}

/** Judged when the request's turn has come: by then the rollout may have ended. */
async function whileTakingOver({ course }: RolloutDesk, carry: () => Promise<Carried>): Promise<Carried> {
  if (course === null) return { answer: refused("no version is taking over") };
  return course.promoted === null ? carry() : { answer: refused("it is promoted already") };
}

function refused(reason: string): { readonly status: "refused"; readonly reason: string } {
  return { status: "refused", reason };
}

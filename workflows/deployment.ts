import { allHandlersFinished, ApplicationFailure, condition, continueAsNew, patched, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from "@temporalio/workflow";
import type { VersionRef } from "../activities/contract.ts";
import { rolloutMarkdown } from "../policy/rollout-text.ts";
import { quick } from "./activity-proxies.ts";
import type { Carried } from "./carried.ts";
import { handleRequests, rollouts } from "./deployment-handlers.ts";
import { type DeploymentStatus, statusQuery } from "./messages.ts";
import { RequestLine } from "./request-line.ts";
import { type DeskState, RolloutDesk } from "./rollout-desk.ts";
import { searchAttributes } from "./search-attributes.ts";

export interface DeploymentState {
  readonly model: string;
  readonly recent?: DeploymentStatus["recent"];
  readonly desk?: DeskState;
  /** Continues as new after so many events; left out, when the server suggests it. */
  readonly events?: number;
}

/** One per model, for ever: the only writer of what serves. Requests are carried out one at a time, in the order they came, between two looks at a rollout. */
export async function deployment(input: DeploymentState): Promise<void> {
  if (typeof input?.model !== "string") throw ApplicationFailure.nonRetryable("deployment needs {model}", "InvalidInput");
  const { model, events } = input;
  const line = new RequestLine(input.recent);
  const desk = new RolloutDesk(model, input.desk);
  let champion: VersionRef | null = null;
  handleRequests({ model, line, desk });
  setHandler(statusQuery, () => ({ champion, busy: !line.isEmpty, recent: line.recent, rollout: desk.status(), waiting: desk.proposals, settled: desk.settled }));
  upsertSearchAttributes([{ key: searchAttributes.model, value: model }]);

  champion = await quick.champion({ model });
  if (input.desk === undefined && patched(rollouts)) await desk.adopt();
  const isFull = () => (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength >= (events ?? Infinity)) && line.isEmpty && allHandlersFinished();
  for (;;) {
    show(model, champion, desk);
    await called(line, desk, isFull);
    if (isFull()) return continueAsNew<typeof deployment>({ model, recent: line.recent, desk: desk.state, ...(events === undefined ? {} : { events }) });
    const request = line.next;
    const title = request?.title ?? titleOf(desk);
    const carried = await (request?.carry() ?? work(line, desk));
    if (carried === null) continue;
    champion = carried.champion ?? champion;
    line.settle(request, title, carried.answer);
    if (carried.champion !== undefined) await quick.announceChampion({ model, except: carried.except ?? null });
  }
}

const canBegin = ({ course, proposals }: RolloutDesk): boolean => course === null && proposals.length > 0;

/** Waits until there is something to do: a request, a proposal, the next look at a rollout. */
async function called(line: RequestLine, desk: RolloutDesk, isFull: () => boolean): Promise<void> {
  const isCalled = (): boolean => !line.isEmpty || canBegin(desk) || isFull();
  if (isCalled()) return;
  if (desk.course === null) await condition(isCalled);
  else await condition(isCalled, desk.course.pauseMs ?? 1);
}

/** What the deployment does when nobody asks for anything. */
const work = (line: RequestLine, desk: RolloutDesk): Promise<Carried | null> => (canBegin(desk) ? desk.begin() : desk.look(() => line.isInterrupted));

function titleOf({ course, proposals }: RolloutDesk): string {
  if (course !== null) return `rollout of ${course.active.candidate.v}`;
  return `propose ${proposals[0]?.v} by ${proposals[0]?.run}`;
}

function show(model: string, champion: VersionRef | null, { course, proposals }: RolloutDesk): void {
  const serves = champion === null ? "No version serves yet." : `**Champion**: version ${champion.v}, model \`${champion.model.sha256.slice(0, 12)}\``;
  const rollout = course === null ? "" : `\n\n${rolloutMarkdown({ model, rollout: course.active, shares: course.plan.shares, settling: course.promoted !== null, reason: course.reason, checks: course.checks })}`;
  const inLine = proposals.length === 0 ? "" : `\n\nIn line: ${proposals.map(({ v }) => `version ${v}`).join(", ")}`;
  setCurrentDetails(`${serves}${rollout}${inLine}`);
}

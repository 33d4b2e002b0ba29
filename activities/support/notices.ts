import type { Alarm } from "../../schemas/alarm.ts";
import type { Question } from "../../schemas/approval.ts";
import type { Commit } from "../../schemas/commit.ts";
import type { Notice } from "../../schemas/notice.ts";
import type { AskInput } from "../contract.ts";

/** A run waits for an answer. The same question is one notice. */
export function approvalRequested({ run, pipeline, v, champion }: AskInput, { digest, required, approvers, askedAt, expiresAt }: Question): Notice {
  return {
    id: `${pipeline}-approval-${digest.slice(0, 16)}`, type: "approval.requested", pipeline, subject: run, time: askedAt,
    data: { run, v, instead: champion?.v ?? null, digest, required, approvers, expiresAt, answer: `relearn approve ${run} --digest ${digest.slice(0, 12)}` },
  };
}

/** What an entry of a model's log tells the outside; null for one that is of no interest there. */
export function noticeOf(model: string, { n, at, operation, actor }: Commit): Notice | null {
  const about = { pipeline: model, subject: `${model}@${"v" in operation ? operation.v : n}`, time: at };
  switch (operation.kind) {
    case "promote": return { ...about, id: `${model}-promoted-${n}`, type: "model.promoted", data: { v: operation.v, instead: operation.from, run: operation.run, entry: n } };
    case "rollback": return { ...about, id: `${model}-rolled-back-${n}`, type: "model.rolled-back", data: { v: operation.v, instead: operation.from, reason: operation.reason, by: actor.name, entry: n } };
    case "rollout": return operation.action === "abort" ? { ...about, id: `${model}-aborted-${n}`, type: "rollout.aborted", data: { v: operation.v, reason: operation.reason, by: actor.name, entry: n } } : null;
    default: return null;
  }
}

/** An alarm was raised. The same alarm is one notice. */
export function alarmRaised({ id, pipeline, v, kind, shape, began, window, at, message, proposal }: Alarm): Notice {
  return { id: `${pipeline}-alarm-${id.slice(0, 32)}`, type: "alarm.raised", pipeline, subject: id, time: at, data: { v, kind, shape, began, window, message, proposal } };
}

import { z } from "zod";
import { name } from "./names.ts";
import { instant } from "./time.ts";

/** What Relearn tells the outside. A CloudEvent's type is `io.relearn.` and this. */
export const noticeType = z.enum(["approval.requested", "model.promoted", "model.rolled-back", "rollout.aborted", "alarm.raised"]);
export type NoticeType = z.infer<typeof noticeType>;

/** One thing that has happened. `id` is the same however often it is told. */
export const notice = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,200}$/),
  type: noticeType,
  pipeline: name,
  /** What it is about: a run, a version, an alarm. */
  subject: z.string().min(1).max(400),
  time: instant,
  data: z.record(z.string(), z.unknown()),
}).readonly();
export type Notice = z.infer<typeof notice>;

import type { Notice } from "../../schemas/notice.ts";

/** What became of one try at one receiver. `dropped`: no other try would be of use; `gone`: it says so itself. */
export type NoticeOutcome = { readonly status: "sent" } | { readonly status: "failed"; readonly reason: string } | { readonly status: "dropped"; readonly reason: string; readonly gone?: true };

/** Steps of `notices`. */
export interface NoticeActivities {
  /** Tells one receiver once what has happened. @param receiver its name in RELEARN_NOTICES */
  sendNotice(input: { readonly receiver: string; readonly notice: Notice }): Promise<NoticeOutcome>;
}

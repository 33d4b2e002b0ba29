import { ApplicationFailure, setCurrentDetails, sleep, upsertSearchAttributes } from "@temporalio/workflow";
import { markdownText } from "../policy/markdown-text.ts";
import { pauseAfter } from "../policy/notice-pauses.ts";
import type { Notice } from "../schemas/notice.ts";
import { quick } from "./activity-proxies.ts";
import { searchAttributes } from "./search-attributes.ts";

export interface NoticesInput { readonly notice: Notice; readonly receivers: readonly string[] }
/** What became of a notice at one receiver. `reason`: null where it was sent. */
export interface NoticeEnd { readonly receiver: string; readonly tries: number; readonly reason: string | null }

/** Tells each receiver of one thing that has happened, at least once: each is tried until it takes it, wants no more, or three days have gone by. */
export async function notices(input: NoticesInput): Promise<readonly NoticeEnd[]> {
  if (typeof input?.notice?.pipeline !== "string" || !Array.isArray(input.receivers)) throw ApplicationFailure.nonRetryable("notices needs {notice, receivers}", "InvalidInput");
  const { notice, receivers } = input;
  const lines = new Map<string, string>();
  const show = (receiver: string, text: string): void => {
    lines.set(receiver, `- ${markdownText(receiver)}: ${markdownText(text)}`);
    setCurrentDetails(`**${markdownText(notice.type)}** ${markdownText(notice.subject)}\n\n${[...lines.values()].join("\n")}`);
  };
  upsertSearchAttributes([{ key: searchAttributes.pipeline, value: notice.pipeline }]);
  return Promise.all(receivers.map((receiver) => tell(receiver, notice, (text) => show(receiver, text))));
}

async function tell(receiver: string, notice: Notice, show: (text: string) => void): Promise<NoticeEnd> {
  for (let tries = 1; ; tries++) {
    const outcome = await quick.sendNotice({ receiver, notice });
    const reason = outcome.status === "sent" ? null : outcome.reason;
    const pause = outcome.status === "failed" ? pauseAfter(tries) : null;
    show(pause === null ? (reason === null ? "told" : `given up: ${reason}`) : `${reason}; tried again in ${pause / 1_000} s`);
    if (pause === null) return { receiver, tries, reason };
    await sleep(pause);
  }
}

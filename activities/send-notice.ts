import { failureTypeOf } from "../schemas/failures.ts";
import { goneSince, putGone } from "../stores/gone-receivers.ts";
import type { Activities, NoticeOutcome } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { postNotice } from "./support/post-notice.ts";

/** One try at one receiver. What it answers is an outcome, not an error; a receiver that says 410 is told nothing more. */
export function createSendNotice({ store, notices = [], now }: Pick<Dependencies, "store" | "notices" | "now">): Activities["sendNotice"] {
  return async ({ receiver: name, notice }) => {
    const receiver = notices.find((one) => one.name === name);
    if (receiver === undefined) return { status: "dropped", reason: "RELEARN_NOTICES names no such receiver any more" };
    const since = await goneSince(store, receiver);
    if (since !== null) return { status: "dropped", reason: `it has wanted no more notices since ${since}` };
    const outcome = await tried(() => postNotice(receiver, notice, Date.parse(now())));
    if (outcome.status === "dropped" && outcome.gone === true) await putGone(store, receiver, now());
    return outcome;
  };
}

async function tried(post: () => Promise<number>): Promise<NoticeOutcome> {
  try {
    return outcomeOf(await post());
  } catch (error) {
    // An address that is refused stays refused, whoever asks again.
    return { status: failureTypeOf(error) === "InvalidInput" ? "dropped" : "failed", reason: (error as Error).message };
  }
}

function outcomeOf(status: number): NoticeOutcome {
  if (status >= 200 && status < 300) return { status: "sent" };
  if (status === 410) return { status: "dropped", reason: "it answered 410: it wants no more notices", gone: true };
  return { status: "failed", reason: `it answered ${status}${status >= 300 && status < 400 ? ", and redirects are not followed" : ""}` };
}

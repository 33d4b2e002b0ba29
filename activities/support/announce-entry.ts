import type { Appended } from "../../stores/commit-log.ts";
import type { Dependencies } from "../dependencies.ts";
import { announce } from "./announce.ts";
import { noticeOf } from "./notices.ts";

/** Tells the outside of an entry that was just written, or found written; hands it on. */
export async function announceEntry(deps: Pick<Dependencies, "notices" | "workflows">, model: string, appended: Appended): Promise<Appended> {
  const notice = noticeOf(model, appended.entry);
  if (notice !== null) await announce(deps, notice);
  return appended;
}

import type { Replica } from "../../schemas/replica.ts";
import { plain } from "./style.ts";

/** What each server answers with now, a line a server; one line where there is none. */
export function replicasText(replicas: readonly Replica[]): string {
  if (replicas.length === 0) return "no server answers for it: `relearn up` starts one, or `relearn serve`";
  return replicas.map(({ url, champion, pinned, failed }) => [
    `${url} ${champion === null ? "answers nobody yet" : `answers with version ${champion.v}`}`,
    ...(pinned === null ? [] : [`pinned there by ${plain(pinned.by)}${pinned.reason === "" ? "" : `: ${plain(pinned.reason)}`}`]),
    ...failed.map(({ v, reason }) => `version ${v} cannot be loaded: ${plain(reason).slice(0, 300)}`),
  ].join("; ")).join("\n");
}

import { counted } from "../../policy/counted.ts";
import type { RecordedAnswer } from "../../schemas/approval.ts";
import type { Commit } from "../../schemas/commit.ts";
import { readLimit, readName } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { shortTime } from "../support/format.ts";
import { knownModel } from "../support/known-model.ts";
import { withStore } from "../support/store.ts";
import { plain } from "../support/style.ts";
import { renderTable } from "../support/table.ts";

/** A model's log, newest first. */
export async function history(cli: Cli, given: string, options: { readonly limit: string }): Promise<void> {
  const model = readName(given);
  const limit = readLimit(options.limit);
  const entries = await withStore(await cli.settings(), async (store) => {
    const found: Commit[] = [];
    for await (const { entry } of (await knownModel(store, model)).history()) {
      found.push(entry);
      if (found.length >= limit) break;
    }
    return found;
  });
  cli.give(entries, tableOf(entries, cli.width));
  const last = entries.at(-1);
  if (last !== undefined && last.n > 1) cli.say(cli.style.dim(`${last.n - 1} earlier: relearn history ${model} --limit ${last.n - 1 + entries.length}`));
}

const tableOf = (entries: readonly Commit[], width: number): string => renderTable([
  { title: "N", cell: (entry) => String(entry.n), right: true },
  { title: "AT", cell: (entry) => shortTime(entry.at) },
  { title: "WHAT", cell: (entry) => entry.operation.kind },
  { title: "VERSION", cell: (entry) => `v${entry.operation.v}` },
  { title: "SERVES", cell: (entry) => (entry.state.champion === null ? "none" : `v${entry.state.champion.v}`) },
  { title: "BY", cell: (entry) => `${plain(entry.actor.name)}${entry.actor.claimed ? " (claimed)" : ""}`, wraps: true },
  { title: "DETAIL", cell: detailOf, wraps: true },
], entries, width);

/** Who gave the answers that count; the others are counted only, for they settled nothing. */
function answersText(answers: readonly RecordedAnswer[]): string {
  const counting = answers.filter((answer) => answer.refused === null);
  const others = answers.length - counting.length;
  const given = counting.map((answer) => `${answer.by}${answer.claimed ? " (claimed)" : ""}${answer.comment === "" ? "" : `: ${answer.comment}`}`);
  return `${given.length === 0 ? "" : ` by ${given.join(" and ")}`}${others === 0 ? "" : `; ${counted(others, "answer")} did not count`}`;
}

/** What there is to say beyond the columns. */
export function detailOf({ operation, approval }: Pick<Commit, "operation" | "approval">): string {
  switch (operation.kind) {
    case "register": return `model ${operation.model.sha256.slice(0, 12)} of ${operation.run}`;
    case "decision": return plain(`${operation.decision} ${operation.digest.slice(0, 12)}${answersText(operation.answers)}`);
    case "promote": return plain(`${operation.from === null ? "first champion" : `from v${operation.from}`}${approval === null ? "" : `, allowed by entry ${approval.n}`}${operation.reason === undefined ? "" : `: ${operation.reason}`}`);
    case "rollback": return plain(`from v${operation.from}${operation.reason === "" ? "" : `: ${operation.reason}`}`);
    case "rollout": return plain(`${operation.action}${operation.rollout === null ? "" : ` ${operation.rollout.kind} at ${operation.rollout.share} %`}${operation.reason === "" ? "" : `: ${operation.reason}`}`);
  }
}

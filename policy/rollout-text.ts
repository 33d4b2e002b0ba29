import type { ActiveRollout } from "../schemas/commit.ts";
import type { GateResult } from "../schemas/gate.ts";
import { temporalLine } from "../schemas/temporal-line.ts";
import { markdownText } from "./markdown-text.ts";

export interface ShownRollout {
  readonly model: string;
  readonly rollout: ActiveRollout;
  readonly shares: readonly number[];
  readonly settling: boolean;
  readonly reason: string;
  readonly checks: readonly GateResult[];
}

interface Headline {
  readonly rollout: Pick<ActiveRollout, "kind" | "step" | "share" | "paused"> & { readonly candidate: { readonly v: number } };
  /** Percent of each step; null where only the log is known. */
  readonly shares: readonly number[] | null;
  readonly settling: boolean;
}

/** A rollout in words: what takes over, and how far it is. */
export function rolloutHeadline({ rollout, shares, settling }: Headline): string {
  const { candidate, kind, step, share, paused } = rollout;
  if (settling) return `version ${candidate.v} is promoted, and the servers are switching to it`;
  const part = { blueGreen: "is made ready beside the champion", shadow: `answers a copy of ${share} % of the traffic`, canary: `has ${share} % of the traffic, step ${step + 1}${shares === null ? "" : ` of ${shares.length}`}` }[kind];
  return `version ${candidate.v} ${part}${paused ? ", paused" : ""}`;
}

/** For Temporal UI: the evidence, and the exact commands to answer. */
export function rolloutMarkdown(shown: ShownRollout): string {
  const { model, rollout, reason, checks, settling } = shown;
  const rows = checks.map(({ gate, answer, reason: why }) => `| ${markdownText(gate)} | ${answer.replace("-", " ")} | ${markdownText(why)} |`);
  const table = rows.length === 0 ? "" : `\n\n| check | answer | seen |\n| --- | --- | --- |\n${rows.join("\n")}`;
  const steer = (name: string, rest: object = {}): string => temporalLine({ address: null, namespace: "default" }, ["workflow", "update", "execute"], { "workflow-id": `${model}/deployment`, name, input: { by: "YOUR NAME", ...rest } });
  const names = settling ? ["abort"] : [rollout.paused ? "resume" : "pause", "advance", "abort"];
  const commands = names.flatMap((name) => [`relearn rollout ${name} ${model}`, steer(name)]);
  return `**Rollout**: ${rolloutHeadline(shown)}\n\nWaits: ${markdownText(reason)}${table}\n\n\`\`\`\n${commands.join("\n")}\n\`\`\``;
}

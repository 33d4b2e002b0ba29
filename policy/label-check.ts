import type { GateResult } from "../schemas/gate.ts";
import { convincing, type GuardEvidence, type RolloutPlan } from "../schemas/rollout-evidence.ts";
import { count, counted } from "./counted.ts";

/** Of each version: fewer labelled predictions say nothing, for it or against it. */
export const fewestLabels = 50;

/** What labels say of a version, where they come in: they send it back at any time, and are waited for only where the definition says how many. */
export function labelCheck({ observed, limit, implied, holds, samples, logE }: GuardEvidence, { labels = 0 }: Pick<RolloutPlan, "labels">, seen: string): Pick<GateResult, "answer" | "reason"> {
  const needed = labels > 0 ? labels : fewestLabels;
  const [labelled, against] = [Math.floor(samples), implied ? ", the champion's" : ""];
  if (observed !== null && limit !== null && labelled >= Math.min(needed, fewestLabels) && holds === false && logE >= Math.log(convincing)) return { answer: "no", reason: `${seen}: it is above ${rounded(limit)}${against}` };
  if (labelled < needed && labels > 0) return { answer: "not-evaluated", reason: `${count(labelled)} of ${counted(needed, "labelled prediction")}` };
  if (labelled < needed) return { answer: "not-applicable", reason: `${labelled === 0 ? "no labelled predictions" : counted(labelled, "labelled prediction")}, and labels are not waited for` };
  if (holds === false) return { answer: "not-evaluated", reason: `${seen}: above ${rounded(limit ?? 0)}${against}, and that may still be chance` };
  return { answer: "yes", reason: seen };
}

const rounded = (value: number): string => String(Number(value.toPrecision(4)));

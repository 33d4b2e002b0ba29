import { isCancellation } from "@temporalio/workflow";
import type { SettledAnswer, VersionRef } from "../activities/contract.ts";
import type { ActiveRollout } from "../schemas/commit.ts";

/** What became of one commit. `champion`: who serves since, where it changed that; `except`: the run that need not be told. */
export interface Carried {
  readonly answer: SettledAnswer;
  readonly champion?: VersionRef;
  readonly rollout?: ActiveRollout | null;
  readonly except?: string | null;
}

type Result =
  | { readonly status: "committed"; readonly n: number; readonly champion?: VersionRef; readonly rollout?: ActiveRollout | null; readonly reason?: string }
  | { readonly status: "refused"; readonly reason: string };

/** Carries out a commit. What the store refuses is an answer; only a cancelled workflow throws. */
export async function answered(commit: () => Promise<Result>, v?: number): Promise<Carried> {
  try {
    const result = await commit();
    if (result.status === "refused") return { answer: result };
    const { n, champion, rollout, reason } = result;
    const about = champion?.v ?? rollout?.candidate.v ?? v ?? 0;
    return { answer: { status: "committed", n, v: about, ...(reason === undefined ? {} : { reason }) }, ...(champion === undefined ? {} : { champion }), ...(rollout === undefined ? {} : { rollout }) };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = (error as { cause?: { message?: string } }).cause;
    return { answer: { status: "refused", reason: cause?.message ?? (error as Error).message } };
  }
}

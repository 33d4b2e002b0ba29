import type { LabelCounts, Variant } from "../schemas/replica.ts";
import type { GuardFound } from "../schemas/rollout-evidence.ts";
import { logERateAbove, logEWrongMore } from "./e-values.ts";

type Labelled = Pick<LabelCounts, "requests" | "labelled" | "wrong" | "worse" | "better">;

/** What came true of both versions' predictions at one step and share of a rollout. */
export interface LabelledStep {
  /** Percent of requests that the candidate was to get. */
  readonly share: number;
  /** Whether the candidate answered the very rows that the champion did, as a shadow does. */
  readonly paired: boolean;
  readonly candidate: Labelled;
  readonly champion: Labelled;
}

/** Below this e-value a candidate that was wrong more often than the champion is taken for one that chance has touched: one in three of equal ones may ever reach it. */
const suspicious = 3;

/** How often the candidate was wrong, of what came true: against a limit, or (null) against how often the champion was, step by step, since error rates move in time. */
export function wrongRate(limit: number | null, steps: readonly LabelledStep[]): GuardFound {
  return limit === null ? besideChampion(steps) : aboveLimit(steps.map(({ candidate }) => candidate), limit);
}

function aboveLimit(all: readonly Labelled[], limit: number): GuardFound {
  const [requests, labelled, wrong] = [sum(all, "requests"), sum(all, "labelled"), sum(all, "wrong")];
  if (labelled === 0) return { limit, observed: null, holds: null, logE: 0, samples: 0 };
  const weight = requests / labelled;
  return { limit, observed: wrong / labelled, holds: wrong / labelled <= limit, logE: logERateAbove(wrong * weight, requests, limit), samples: requests };
}

function besideChampion(all: readonly LabelledStep[]): GuardFound {
  const steps = all.filter(({ candidate, champion, paired }) => candidate.labelled > 0 && (paired || champion.labelled > 0));
  const labelled = steps.reduce((total, { candidate }) => total + candidate.labelled, 0);
  if (labelled === 0) return { limit: null, observed: null, holds: null, logE: 0, samples: 0 };
  const observed = steps.reduce((total, { candidate }) => total + candidate.wrong, 0) / labelled;
  const limit = steps.reduce((total, step) => total + step.candidate.labelled * championRate(step), 0) / labelled;
  const logE = steps.reduce((total, step) => total + (step.paired ? pairedLogE(step) : splitLogE(step)), 0);
  const samples = (of: "candidate" | "champion"): number => steps.reduce((total, step) => total + (step.paired ? step.candidate : step[of]).requests, 0);
  return { limit, observed, holds: observed <= limit || logE < Math.log(suspicious), logE, samples: Math.min(samples("candidate"), samples("champion")) };
}

const championRate = ({ paired, candidate, champion }: LabelledStep): number =>
  paired ? (candidate.wrong - candidate.worse + candidate.better) / candidate.labelled : champion.wrong / champion.labelled;

/** Callers were given out at random, so their answers are two samples. Rows of one request come from one caller, so all of them together count as one. */
function splitLogE({ share, candidate, champion }: LabelledStep): number {
  const [mine, theirs] = [candidate, champion].map(({ requests, labelled, wrong }) => ({ wrong: (wrong * requests) / labelled, right: ((labelled - wrong) * requests) / labelled })) as [Split, Split];
  const cell = (of: keyof Split) => ({ candidate: mine[of], both: mine[of] + theirs[of] });
  return logEWrongMore(cell("wrong"), cell("right"), Math.min(share, 50) / 100);
}

interface Split { readonly wrong: number; readonly right: number }

/** Of rows that only one of the two was wrong about, a candidate that is no worse has at most half (McNemar's test, as an e-value). */
function pairedLogE({ candidate: { requests, labelled, worse, better } }: LabelledStep): number {
  const weight = requests / labelled;
  return logERateAbove(worse * weight, (worse + better) * weight, 0.5);
}

const sum = (all: readonly Labelled[], of: keyof Labelled): number => all.reduce((total, one) => total + one[of], 0);

/** The counts of all servers by step and share. @param mine the variant by which the candidate answers */
export function labelledSteps(counts: readonly LabelCounts[], mine: Variant): LabelledStep[] {
  const keys = [...new Set(counts.map(({ step, share }) => `${step} ${share}`))];
  return keys.map((key) => {
    const ofStep = counts.filter(({ step, share }) => `${step} ${share}` === key);
    const totals = (variant: Variant): Labelled => {
      const found = ofStep.filter((one) => one.variant === variant);
      return { requests: sum(found, "requests"), labelled: sum(found, "labelled"), wrong: sum(found, "wrong"), worse: sum(found, "worse"), better: sum(found, "better") };
    };
    return { share: ofStep[0]!.share, paired: mine === "shadow", candidate: totals(mine), champion: totals("champion") };
  });
}

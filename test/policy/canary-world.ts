import { nextStep, type NextStep } from "../../policy/rollout-step.ts";
import type { LabelCounts } from "../../schemas/replica.ts";
import type { RolloutEvidence, RolloutPlan } from "../../schemas/rollout-evidence.ts";
import { type Compared, guardEvidence, quantileOf } from "../../stats/guard-evidence.ts";
import { latencyBucket } from "../../stats/latency-bucket.ts";
import type { VariantTotals } from "../../stats/variant-totals.ts";
import type { LabelledStep } from "../../stats/wrong-rate.ts";

/** How a version behaves: chance of an error, median milliseconds and spread (of a lognormal), weights of its outputs. */
export interface Behaviour {
  readonly errors: number;
  readonly medianMs: number;
  readonly spread: number;
  readonly outputs: readonly number[];
  /** Chance that its answer is wrong; left out, a fifth. */
  readonly wrong?: number;
}

export interface Script {
  readonly plan: RolloutPlan;
  readonly champion: Behaviour;
  readonly candidate: Behaviour;
  readonly requestsPerSecond: number;
  /** Rows a request, all of one output. */
  readonly rows: number;
  readonly seconds: number;
  /** Share of the answers whose label comes in; left out, none. */
  readonly labelled?: number;
}

type Counting = { -readonly [K in keyof VariantTotals]: VariantTotals[K] extends ReadonlyMap<number, number> ? Map<number, number> : VariantTotals[K] };
const none = (): Counting => ({ requests: 0, errors: 0, rows: 0, latency: new Map(), outputs: new Map(), pairs: 0, disagreements: 0, firstAt: null, lastAt: null });
type Labelled = { -readonly [K in keyof LabelledStep["candidate"]]: LabelCounts[K] };
const unlabelled = (): Labelled => ({ requests: 0, labelled: 0, wrong: 0, worse: 0, better: 0 });
const add = (counts: Map<number, number>, bucket: number, n: number): void => void counts.set(bucket, (counts.get(bucket) ?? 0) + n);

export interface Outcome {
  readonly end: "promoted" | "rolled back" | "held";
  readonly reason: string;
  readonly step: number;
  /** Steps taken with fewer predictions than the plan asks for: a broken promise. */
  readonly hasty: number;
}

/** Plays a rollout second by second: traffic, counts, and a look at the evidence after each. */
export function play({ plan, champion, candidate, requestsPerSecond, rows, seconds, labelled = 0 }: Script, random: () => number): Outcome {
  let [step, share, championP99, hasty] = [0, plan.shares[0]!, null as number | null, 0];
  let [mine, theirs] = [none(), none()];
  const labels = [{ share, paired: false, candidate: unlabelled(), champion: unlabelled() }];
  let last: NextStep | null = null;
  for (let second = 0, due = 0; second < seconds; second++) {
    for (due += requestsPerSecond; due >= 1; due--) {
      const isMine = random() * 100 < share;
      count(isMine ? mine : theirs, isMine ? candidate : champion, second * 1000 + random() * 1000, rows, random);
      if (labelled > 0 && random() < labelled) label(labels.at(-1)![isMine ? "candidate" : "champion"], isMine ? candidate : champion, random);
    }
    if (theirs.requests >= 100) championP99 = quantileOf(sorted(theirs.latency), 0.99);
    last = nextStep({ plan, running: { kind: plan.kind, step, share, paused: false }, evidence: evidenceOf(plan, mine, theirs, { share, championP99, labels }), spentMs: second * 1000 });
    if (last.move === "rollback") return { end: "rolled back", reason: last.reason, step, hasty };
    if (last.move === "hold") continue;
    if (mine.requests < plan.samples) hasty++;
    if (last.move === "promote") return { end: "promoted", reason: last.reason, step, hasty };
    [step, share, mine, theirs] = [step + 1, last.share, none(), none()];
    labels.push({ share, paired: false, candidate: unlabelled(), champion: unlabelled() });
  }
  return { end: "held", reason: last?.reason ?? "", step, hasty };
}

const sorted = (counts: ReadonlyMap<number, number>): Map<number, number> => new Map([...counts].sort(([a], [b]) => a - b));

function evidenceOf(plan: RolloutPlan, candidate: Counting, champion: Counting, known: Pick<Compared, "share" | "championP99" | "labels">): RolloutEvidence {
  const totals = { candidate: { ...candidate, latency: sorted(candidate.latency) }, champion };
  const first = Math.min(candidate.firstAt ?? Infinity, champion.firstAt ?? Infinity);
  const last = Math.max(candidate.lastAt ?? -Infinity, champion.lastAt ?? -Infinity);
  return {
    replicas: { live: 2, ready: 2, failed: [] }, candidate, champion, watchedMs: last < first ? null : last - first, championP99: known.championP99,
    guards: plan.guards.map((guard) => guardEvidence(guard, { ...totals, ...known })),
  };
}

function label(totals: Labelled, { wrong = 0.2 }: Behaviour, random: () => number): void {
  totals.requests++;
  totals.labelled++;
  if (random() < wrong) totals.wrong++;
}

function count(totals: Counting, { errors, medianMs, spread, outputs }: Behaviour, at: number, rows: number, random: () => number): void {
  totals.requests++;
  totals.firstAt ??= at;
  totals.lastAt = at;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  add(totals.latency, latencyBucket(medianMs * Math.exp(spread * normal)), 1);
  if (random() < errors) return void totals.errors++;
  totals.rows += rows;
  let left = random() * outputs.reduce((sum, weight) => sum + weight, 0);
  add(totals.outputs, outputs.findIndex((weight) => (left -= weight) < 0), rows);
}

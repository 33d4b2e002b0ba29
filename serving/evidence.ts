import type { ModelContract } from "../inference/contract.ts";
import type { FeedbackRecord } from "../schemas/feedback.ts";
import type { LabelCounts, Replica, Variant, VariantCounts } from "../schemas/replica.ts";
import { latencyBucket } from "../stats/latency-bucket.ts";
import { outputBucket, outputsDiffer } from "../stats/output-bucket.ts";
import { inheritCounts } from "./inherited-counts.ts";
import { rememberAnswers, type Step } from "./labelled-answers.ts";

type Scores = Float32Array | Float64Array;

/** When somebody asked, in milliseconds since 1970. `live`: now; else it is an event time that the caller gave. */
export interface Asked { readonly at: number; readonly live: boolean }

/** What each version has answered on this server since a step of a rollout began, and its canary to answer; outside a rollout, since it was loaded. */
export interface Evidence {
  /** @param id the prediction's, where its label is to count for or against the version */
  answered(contract: ModelContract, variant: Variant, scores: Scores, rows: number, latencyMs: number, asked: Asked, id?: string): void;
  failed(contract: ModelContract, variant: Variant, rows: number, latencyMs: number, asked: Asked): void;
  /** A shadow's answer beside the champion's, to the same rows. */
  compared(contract: ModelContract, champion: Scores, shadow: Scores, rows: number): void;
  /** A copy that was not sent, so that nobody waits. */
  dropped(contract: ModelContract): void;
  /** What came true of a prediction: counts where this server gave it, while a version takes over. */
  label(record: FeedbackRecord): void;
  /** Goes on from what a server at the same place had counted. */
  inherit(before: Pick<Replica, "counts" | "labels"> | null): void;
  /** Begins anew where the step or its share is another one. */
  begin(rollout: Step | null): void;
  /** Forgets versions that are not loaded any more. @param digests those that are */
  keepOnly(digests: ReadonlySet<string>): void;
  counts(): VariantCounts[];
  labels(): LabelCounts[];
}

interface Tally {
  requests: number;
  errors: number;
  rows: number;
  pairs: number;
  disagreements: number;
  dropped: number;
  firstAt: number;
  lastAt: number;
  live: boolean;
  readonly latency: Map<number, number>;
  readonly outputs: Map<number, number>;
}

export function createEvidence(): Evidence {
  let step: Step | null = null;
  let tallies = new Map<ModelContract, Map<Variant, Tally>>();
  const answers = rememberAnswers();
  const inherited = inheritCounts();

  const forgetStep = (): void => {
    tallies = new Map();
    answers.forgetStep();
    if (step !== null) inherited.forgetStep(step);
  };
  const tallyOf = (contract: ModelContract, variant: Variant): Tally => {
    // What the champion answered while a canary was still being loaded was of other callers, at another time: it is nothing to compare with.
    if (step !== null && variant === "canary" && !tallies.get(contract)?.has(variant)) forgetStep();
    let ofContract = tallies.get(contract);
    if (ofContract === undefined) tallies.set(contract, (ofContract = new Map()));
    let tally = ofContract.get(variant);
    if (tally === undefined) ofContract.set(variant, (tally = emptyTally()));
    return tally;
  };
  return {
    answered(contract, variant, scores, rows, latencyMs, asked, id) {
      const tally = tallyOf(contract, variant);
      note(tally, rows, latencyMs, asked);
      const width = rows === 0 ? 0 : scores.length / rows;
      for (let row = 0; row < rows; row++) {
        const bucket = outputBucket(contract.task, scores, row, width);
        if (bucket !== null) increment(tally.outputs, bucket);
      }
      if (id !== undefined) answers.answered(id, contract, variant, scores, rows);
    },
    failed(contract, variant, rows, latencyMs, asked) {
      const tally = tallyOf(contract, variant);
      note(tally, rows, latencyMs, asked);
      tally.errors++;
    },
    compared(contract, champion, shadow, rows) {
      const tally = tallyOf(contract, "shadow");
      const width = rows === 0 ? 0 : champion.length / rows;
      tally.pairs += rows;
      for (let row = 0; row < rows; row++) if (shadow.length !== champion.length || outputsDiffer(contract.task, champion, shadow, row, width)) tally.disagreements++;
    },
    dropped: (contract) => void tallyOf(contract, "shadow").dropped++,
    label: (record) => answers.label(record),
    inherit: (before) => inherited.take(before),
    begin(next) {
      if (next?.id === step?.id && next?.step === step?.step && next?.share === step?.share) return;
      step = next === null ? null : { id: next.id, step: next.step, share: next.share };
      tallies = new Map();
      answers.begin(step);
    },
    keepOnly(digests) {
      for (const contract of tallies.keys()) if (!digests.has(contract.digest)) tallies.delete(contract);
    },
    counts: () => inherited.counts([...tallies].flatMap(([contract, variants]) => [...variants].map(([variant, tally]) => countsOf(contract, variant, tally, step))), step),
    labels: () => inherited.labels(answers.counts(), step),
  };
}

const emptyTally = (): Tally => ({ requests: 0, errors: 0, rows: 0, pairs: 0, disagreements: 0, dropped: 0, firstAt: Infinity, lastAt: -Infinity, live: false, latency: new Map(), outputs: new Map() });

function note(tally: Tally, rows: number, latencyMs: number, asked: Asked): void {
  tally.requests++;
  tally.rows += rows;
  noteTime(tally, asked);
  increment(tally.latency, latencyBucket(latencyMs));
}

/** What is replayed passes by its own times; once somebody asks now, only that tells how long has been watched: nobody's made-up time hurries a rollout. */
function noteTime(tally: Tally, { at, live }: Asked): void {
  if (live && !tally.live) Object.assign(tally, { live, firstAt: at, lastAt: at });
  if (live !== tally.live) return;
  if (at < tally.firstAt) tally.firstAt = at;
  if (at > tally.lastAt) tally.lastAt = at;
}

const increment = (counts: Map<number, number>, bucket: number): unknown => counts.set(bucket, (counts.get(bucket) ?? 0) + 1);

function countsOf(contract: ModelContract, variant: Variant, { firstAt, lastAt, live: _, latency, outputs, ...tally }: Tally, step: Step | null): VariantCounts {
  const seen = lastAt !== -Infinity;
  return {
    rollout: step?.id ?? null, step: step?.step ?? null, share: step?.share ?? null, v: contract.v, digest: contract.digest, variant, ...tally,
    latency: recordOf(latency), outputs: recordOf(outputs),
    firstAt: seen ? new Date(firstAt).toISOString() : null, lastAt: seen ? new Date(lastAt).toISOString() : null,
  };
}

const recordOf = (counts: ReadonlyMap<number, number>): Record<string, number> => Object.fromEntries([...counts].sort(([a], [b]) => a - b).map(([bucket, n]) => [String(bucket), n]));

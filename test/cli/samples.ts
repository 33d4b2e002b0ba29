import type { Evaluation } from "../../schemas/evaluation.ts";
import type { RunRecord } from "../../schemas/run.ts";

const hex = (digit: string): string => digit.repeat(64);
const blob = (digit: string) => ({ sha256: hex(digit), bytes: 10 });
const near = (value: number) => ({ value, low: value - 0.01, high: value + 0.01, why: null });
const span = { from: "2013-02-21T05:00:00Z", to: "2013-02-28T05:00:00Z" };

export const sampleRun: RunRecord = {
  version: 1, pipeline: "flights", run: "flights/run/0123456789ab", definition: blob("1"), causes: [{ kind: "person", key: "k", by: "ann" }], asOf: "2013-03-01T08:00:00Z",
  windows: { train: { from: "2013-01-01T05:00:00Z", to: span.from }, holdout: span }, state: "running", stage: "train", reason: null,
  startedAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:10.000Z", endedAt: null, seconds: { ingest: 4, validate: 6 },
  snapshot: hex("2"), validation: blob("3"), rows: { in: 1_010, accepted: 1_000, quarantined: 10, train: 800, holdout: 200 }, job: "job-1", training: null, model: null,
  evaluation: null, gates: [], v: null, question: null, answers: [],
};

export const sampleQuestion = { digest: hex("d"), v: 3, required: 1, approvers: null, askedAt: "2026-01-01T00:01:00Z", expiresAt: "2026-01-08T00:01:00Z" };

export const sampleEvaluation: Evaluation = {
  version: 1, run: sampleRun.run, task: "binary", snapshot: hex("2"), model: blob("4"), champion: { v: 2, model: hex("5"), trainedOnHoldout: false },
  holdouts: [{
    holdout: "recent", window: span, rows: 5_400, candidate: { auc: near(0.72), log_loss: near(0.5) }, champion: { auc: near(0.7), log_loss: near(0.52) }, baseline: { auc: near(0.5), log_loss: near(0.6) },
    difference: { auc: near(0.02), log_loss: near(-0.02) }, overBaseline: near(-0.1),
    slices: [{ slice: "storm", rows: 310, candidate: { auc: near(0.69) }, champion: { auc: near(0.68) }, difference: { auc: near(0.01) }, rowsToTell: 900 }],
    calibration: [], flips: { rows: 54, share: 0.01, negative: 20, positive: 34 }, worstRows: [],
  }],
  parity: { rows: 20_000, largest: 2.5e-7, tolerance: 1e-5, why: null },
  resources: { fileBytes: 1_500_000, loadMs: 12, latencyMs: { p50: 0.04, p99: 0.09, runs: 1_000 }, rowsPerSecond: 400_000, peakBytes: 2e8 },
  gates: [{ gate: "auc at least 0.65", answer: "yes", reason: "auc is 0.72", observed: 0.72, limit: 0.65 }, { gate: "latency", answer: "not-evaluated", reason: "the process died", observed: null, limit: 5 }], passed: false,
};

import { describe, expect, it } from "vitest";
import type { VariantCounts } from "../../schemas/replica.ts";
import type { Guard } from "../../schemas/rollout-evidence.ts";
import { guardEvidence, quantileOf } from "../../stats/guard-evidence.ts";
import { outputCells, shiftOfScores } from "../../stats/output-shift.ts";
import { latencyBucket } from "../../stats/latency-bucket.ts";
import { addVariants } from "../../stats/variant-totals.ts";

const counted = (rest: Partial<VariantCounts>): VariantCounts => ({ rollout: "r", step: 0, share: 50, v: 2, digest: "a".repeat(64), variant: "canary", requests: 0, errors: 0, rows: 0, latency: {}, outputs: {}, pairs: 0, disagreements: 0, dropped: 0, firstAt: null, lastAt: null, ...rest });
const totals = (rest: Partial<VariantCounts>) => addVariants([counted(rest)]);
const guard = (metric: Guard["metric"], limit: number | null): Guard => ({ metric, limit, implied: false });
const compare = (one: Guard, candidate: Partial<VariantCounts>, champion: Partial<VariantCounts> = {}, championP99: number | null = null) => guardEvidence(one, { candidate: totals(candidate), champion: totals(champion), share: 50, championP99, labels: [] });

describe("counts of several servers", () => {
  it("add up, with the first and the last time of all", () => {
    const both = addVariants([
      counted({ requests: 2, errors: 1, latency: { 3: 2 }, outputs: { "-1": 4 }, firstAt: "2013-03-01T00:00:05.000Z", lastAt: "2013-03-01T00:00:09.000Z" }),
      counted({ requests: 3, latency: { 3: 1, 10: 2 }, outputs: { "-1": 1, 7: 2 }, firstAt: "2013-03-01T00:00:01.000Z", lastAt: "2013-03-01T00:00:02.000Z" }), counted({}),
    ]);
    expect(both).toMatchObject({ requests: 5, errors: 1, firstAt: Date.parse("2013-03-01T00:00:01Z"), lastAt: Date.parse("2013-03-01T00:00:09Z") });
    expect([...both.latency]).toEqual([[3, 3], [10, 2]]);
    expect([...both.outputs]).toEqual([[-1, 5], [7, 2]]);
    expect(addVariants([])).toMatchObject({ requests: 0, firstAt: null, lastAt: null });
  });
});

describe("a guard", () => {
  it("says nothing where nothing was seen", () => {
    for (const metric of ["error_rate", "p50_ms", "p99_ms", "output_shift", "disagreement"] as const) expect(compare(guard(metric, 1), {})).toMatchObject({ observed: null, logE: 0, samples: 0 });
  });

  it("counts of latencies only what is slower for certain, and shows the quantile", () => {
    const latency = { [latencyBucket(5)]: 950, [latencyBucket(80)]: 50 };
    expect(compare(guard("p99_ms", 50), { requests: 1_000, latency })).toMatchObject({ holds: false, samples: 1_000 });
    expect(compare(guard("p99_ms", 50), { requests: 1_000, latency }).logE).toBeGreaterThan(20);
    expect(compare(guard("p99_ms", 80), { requests: 1_000, latency })).toMatchObject({ holds: true });
    expect(compare(guard("p50_ms", 50), { requests: 1_000, latency })).toMatchObject({ holds: true });
    expect(quantileOf(totals({ latency }).latency, 0.99)).toBeGreaterThanOrEqual(80);
    expect(quantileOf(totals({ latency }).latency, 0.5)).toBeLessThan(5.5);
  });

  it("of latency without a limit compares with the champion's, and with nothing where that is not known", () => {
    const latency = { [latencyBucket(25)]: 1_000 };
    expect(compare(guard("p99_ms", null), { latency }, {}, 20)).toMatchObject({ limit: 40, holds: true });
    expect(compare(guard("p99_ms", null), { latency }, {}, 2)).toMatchObject({ limit: 12, holds: false });
    expect(compare(guard("p99_ms", null), { latency })).toMatchObject({ limit: null, holds: null, logE: 0 });
  });

  it("takes the rows of one request for one", () => {
    const [mine, theirs] = [{ 3: 60, 4: 40 }, { 3: 40, 4: 60 }];
    const single = compare(guard("output_shift", 0.1), { requests: 100, rows: 100, outputs: mine }, { requests: 100, rows: 100, outputs: theirs });
    const batched = compare(guard("output_shift", 0.1), { requests: 10, rows: 100, outputs: mine }, { requests: 10, rows: 100, outputs: theirs });
    expect(batched.observed).toBeLessThan(single.observed!);
    expect(batched.logE).toBeLessThan(single.logE);
    expect(compare(guard("disagreement", 0.1), { requests: 10, rows: 100, pairs: 100, disagreements: 30 })).toMatchObject({ observed: 0.3, holds: false, samples: 10 });
  });

  it("compares outputs over about ten cells, and loses none", () => {
    const outputs = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [i - 150, 1 + (i % 7)]));
    const all = { counts: totals({ outputs }).outputs, weight: 1 };
    const cells = outputCells(all, all);
    expect(cells.length).toBeGreaterThanOrEqual(9);
    expect(cells.length).toBeLessThanOrEqual(11);
    expect(cells.reduce((sum, cell) => sum + cell.both, 0)).toBe(2 * Object.values(outputs).reduce((sum, n) => sum + n, 0));
  });

  it("of outputs allows for what the evaluation showed already", () => {
    const [mine, theirs] = [{ requests: 1_000, rows: 1_000, outputs: { 3: 600, 4: 400 } }, { requests: 1_000, rows: 1_000, outputs: { 3: 400, 4: 600 } }];
    expect(compare(guard("output_shift", 0.1), mine, theirs)).toMatchObject({ holds: false });
    expect(compare({ ...guard("output_shift", 0.1), allowance: 0.1 }, mine, theirs)).toMatchObject({ holds: true, limit: 0.1, allowance: 0.1 });
  });

  it("compares scores of the same rows as it does those of served ones", () => {
    const rows = (score: readonly number[]) => ({ task: "binary" as const, label: Uint8Array.from(score, () => 0), score: Float64Array.from(score) });
    const low = Array.from({ length: 1_000 }, (_, i) => (i < 600 ? 0.16 : 0.21));
    const high = Array.from({ length: 1_000 }, (_, i) => (i < 400 ? 0.16 : 0.21));
    expect(shiftOfScores(rows(low), rows(high))).toBeCloseTo(compare(guard("output_shift", 1), { requests: 1_000, rows: 1_000, outputs: { 3: 600, 4: 400 } }, { requests: 1_000, rows: 1_000, outputs: { 3: 400, 4: 600 } }).observed!, 12);
    expect(shiftOfScores(rows(low), rows(low))).toBe(0);
    expect(shiftOfScores(rows([]), rows([]))).toBeNull();
  });

  it("of no errors at all is certain at the first error, and stays a number", () => {
    expect(compare(guard("error_rate", 0), { requests: 5, errors: 1 }).logE).toBe(1e6);
  });
});

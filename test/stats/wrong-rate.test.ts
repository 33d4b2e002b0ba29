import { describe, expect, test } from "vitest";
import type { LabelCounts } from "../../schemas/replica.ts";
import { logEWrongMore } from "../../stats/e-values.ts";
import { type LabelledStep, labelledSteps, wrongRate } from "../../stats/wrong-rate.ts";
import { seededRandom } from "../support/seeded-random.ts";

const counted = (labelled: number, wrong: number, rest: Partial<LabelledStep["candidate"]> = {}) => ({ requests: labelled, labelled, wrong, worse: 0, better: 0, ...rest });
const step = (candidate: LabelledStep["candidate"], champion: LabelledStep["champion"], rest: Partial<LabelledStep> = {}): LabelledStep => ({ share: 50, paired: false, candidate, champion, ...rest });

/** How often labels, looked at after each ten, ever show with an e-value of 20 that the candidate is wrong more often. */
function alarms(runs: number, candidate: number, champion: number, share: number): number {
  const runsWith = Array.from({ length: runs }, (_, run) => {
    const random = seededRandom(run + 1);
    const [wrong, right] = [{ candidate: 0, both: 0 }, { candidate: 0, both: 0 }];
    for (let i = 1; i <= 3_000; i++) {
      const isMine = random() < share;
      const cell = random() < (isMine ? candidate : champion) ? wrong : right;
      cell.both++;
      if (isMine) cell.candidate++;
      if (i % 10 === 0 && logEWrongMore(wrong, right, share) >= Math.log(20)) return true;
    }
    return false;
  });
  return runsWith.filter(Boolean).length / runs;
}

describe("looked at all the time,", () => {
  test.each([[0.2, 0.2, 0.5], [0.2, 0.2, 0.05], [0.15, 0.2, 0.5], [0.01, 0.01, 0.25]])("a version that is wrong at %d beside %d raises a false alarm in at most one of twenty (share %d)", (candidate, champion, share) => {
    expect(alarms(150, candidate, champion, share)).toBeLessThanOrEqual(0.05);
  });

  test("one that is wrong more often is found out", () => expect(alarms(50, 0.32, 0.2, 0.5)).toBeGreaterThanOrEqual(0.95));
});

test("nothing is said without labels of both, and each step is compared with its own champion", () => {
  expect(wrongRate(null, [])).toEqual({ limit: null, observed: null, holds: null, logE: 0, samples: 0 });
  expect(wrongRate(null, [step(counted(0, 0), counted(500, 50)), step(counted(300, 200), counted(0, 0), { share: 100 })])).toMatchObject({ observed: null, samples: 0 });
  const moved = [step(counted(100, 10), counted(900, 90)), step(counted(900, 360), counted(100, 40))];
  expect(wrongRate(null, moved)).toMatchObject({ observed: 0.37, limit: 0.37, holds: true, samples: 1_000 });
  expect(wrongRate(null, [step(counted(400, 200), counted(400, 80))])).toMatchObject({ observed: 0.5, limit: 0.2, holds: false });
  expect(wrongRate(null, [step(counted(400, 88), counted(400, 80))])).toMatchObject({ holds: true });
});

test("a shadow is judged by the rows that only one of the two was wrong about", () => {
  const paired = (worse: number, better: number) => wrongRate(null, [step(counted(400, 100 + worse, { worse, better }), counted(0, 0), { share: 100, paired: true })]);
  expect(paired(40, 0)).toMatchObject({ observed: 0.35, limit: 0.25, holds: false });
  expect(paired(40, 0).logE).toBeGreaterThan(Math.log(20));
  expect(paired(40, 40)).toMatchObject({ holds: true });
});

test("a limit of its own asks of the candidate only, at 100 % too, and takes the rows of a request for one", () => {
  const [alone, together] = [wrongRate(0.3, [step(counted(400, 200), counted(0, 0), { share: 100 })]), wrongRate(0.3, [step(counted(400, 200, { requests: 4 }), counted(0, 0), { share: 100 })])];
  expect(alone).toMatchObject({ limit: 0.3, observed: 0.5, holds: false, samples: 400 });
  expect(alone.logE).toBeGreaterThan(20);
  expect(together).toMatchObject({ observed: 0.5, samples: 4 });
  expect(together.logE).toBeLessThan(3);
});

test("the counts of several servers add up by step and share", () => {
  const one = (variant: LabelCounts["variant"], number: number, share: number): LabelCounts => ({ rollout: "r", step: number, share, v: 2, digest: "a".repeat(64), variant, ...counted(10, 2) });
  expect(labelledSteps([one("canary", 0, 20), one("canary", 0, 20), one("champion", 0, 20), one("canary", 0, 40)], "canary")).toEqual([
    step(counted(20, 4), counted(10, 2), { share: 20 }), step(counted(10, 2), counted(0, 0), { share: 40 }),
  ]);
});

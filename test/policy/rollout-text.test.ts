import { expect, it } from "vitest";
import { rolloutHeadline, rolloutMarkdown } from "../../policy/rollout-text.ts";

const blob = { sha256: "a".repeat(64), bytes: 1 };
const rollout = { id: "r", candidate: { v: 2, model: blob, manifest: blob }, kind: "canary", step: 1, share: 25, paused: false } as const;
const shown = { model: "flights", rollout, shares: [5, 25, 100], settling: false, reason: "samples: 13 of 200 predictions", checks: [{ gate: "error_rate > 0.01", answer: "not-evaluated", reason: "13 | of <b>200</b>", observed: 0, limit: 0.01 }] } as const;

it("says what takes over, what it waits for, and how to answer", () => {
  const text = rolloutMarkdown(shown);
  expect(text).toContain("version 2 has 25 % of the traffic, step 2 of 3");
  expect(text).toContain("| error_rate \\> 0.01 | not evaluated | 13 \\| of \\<b\\>200\\</b\\> |");
  for (const name of ["pause", "advance", "abort"]) {
    expect(text).toContain(`relearn rollout ${name} flights\n`);
    expect(text).toContain(`temporal workflow update execute --workflow-id flights/deployment --name ${name} --input '{"by":"YOUR NAME"}'`);
  }
});

it("offers to resume what is paused, and an abort alone once it is promoted", () => {
  expect(rolloutMarkdown({ ...shown, rollout: { ...rollout, paused: true } })).toContain("relearn rollout resume flights");
  const settling = rolloutMarkdown({ ...shown, settling: true });
  expect(settling).toContain("the servers are switching");
  expect(settling).not.toContain("rollout pause");
});

it("has words for each kind", () => {
  const kinds = (["blueGreen", "shadow", "canary"] as const).map((kind) => rolloutHeadline({ ...shown, rollout: { ...rollout, kind } }));
  expect(new Set(kinds).size).toBe(3);
});

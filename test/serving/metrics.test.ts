import { expect, it } from "vitest";
import type { ModelContract } from "../../inference/contract.ts";
import { count, makeMetrics } from "../../serving/http/metrics.ts";
import type { ServedModels } from "../../serving/served-model.ts";

const contractOf = (v: number): ModelContract => ({ model: "rides", v, digest: "a".repeat(64) }) as ModelContract;
const models = { list: () => [{ name: "rides", versions: () => [contractOf(1)], status: () => ({ ready: true, pinned: null, insteadOf: null }) }] } as unknown as ServedModels;
const times = { queuedMs: 1, computeMs: 1, totalMs: 1 };

it("a version that is loaded again goes on counting, and those that answer no more are forgotten, the oldest first", async () => {
  const metrics = makeMetrics(models);
  const series = async (): Promise<string[]> => (await metrics.registry.metrics()).split("\n").filter((line) => line.startsWith("relearn_requests_total{"));
  for (const v of [1, 2, 1]) count(metrics.meter(contractOf(v), "champion"), 1, times);
  expect(await series()).toEqual([expect.stringMatching(/version="1".* 2$/), expect.stringMatching(/version="2".* 1$/)]);
  for (let v = 3; v <= 200; v++) count(metrics.meter(contractOf(v), "canary"), 1, times);
  const shown = await series();
  expect(shown).toHaveLength(50);
  expect([shown[0], shown[1], shown.at(-1)]).toEqual([expect.stringContaining('version="1"'), expect.stringContaining('version="152"'), expect.stringContaining('version="200"')]);
});

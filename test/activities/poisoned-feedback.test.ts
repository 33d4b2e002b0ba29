import { afterAll, beforeAll, expect, test } from "vitest";
import { openPoisonedWorld, type PoisonedWorld } from "../poison/poisoned-world.ts";

/** The whole table, over ten seeds, is in test/long/poisoned-feedback.long.test.ts. */
const seed = 1;
let world: PoisonedWorld;
beforeAll(async () => {
  world = await openPoisonedWorld(seed);
}, 120_000);
afterAll(() => world.close());

test("a small sender that only lies is left out, and the others' labels make a model that takes over", async () => {
  expect(await world.run({ share: 0.01, shape: "one source" }, seed)).toMatchObject({ ended: "quarantined", by: ["rogue"] });
}, 180_000);

test("labels of which a fifth was turned round, anywhere or in one slice, never make a model that takes over", async () => {
  const [anywhere, slice] = [await world.run({ share: 0.2, shape: "random" }, seed), await world.run({ share: 0.2, shape: "one slice" }, seed)];
  expect(anywhere).toMatchObject({ ended: "blocked", by: expect.arrayContaining(["label noise"]) });
  expect(slice).toMatchObject({ ended: "blocked", by: expect.arrayContaining(["accuracy no worse in slice north on truth"]) });
}, 180_000);

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

import { expect, it } from "vitest";
import { calmLife, killAtEach } from "../faults/killed-lives.ts";

it("a worker that is killed at every point between two steps leaves one version, one promotion and one training job, as if it had never died", async () => {
  const calm = await calmLife();
  console.log(`${calm.points.length} points`);
  expect(calm.points.length).toBeGreaterThan(50);
  await killAtEach(calm, calm.points);
});

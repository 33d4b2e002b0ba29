import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanUp, landReal, newWorld, type World } from "./flights-world.ts";

let world: World;
beforeAll(async () => {
  world = newWorld();
  await landReal(world, ["2013-01", "2013-02"]);
}, 60_000);
afterAll(cleanUp);

test("clean months are accepted, and every row is accepted or in quarantine", async () => {
  let t = performance.now();
  const outcome = await world.run("2013-03-01T08:00:00Z");
  console.log(performance.now() - t, JSON.stringify(outcome, null, 1).slice(0, 3000));
  t = performance.now();
  const again = await world.run("2013-03-01T08:00:00Z");
  console.log(performance.now() - t, JSON.stringify(again.validated));
  await landReal(world, ["2013-03"]);
  t = performance.now();
  const next = await world.run("2013-04-01T08:00:00Z");
  console.log(performance.now() - t, JSON.stringify(next, null, 1).slice(0, 6000));
  expect(outcome.status).toBe("accepted");
});

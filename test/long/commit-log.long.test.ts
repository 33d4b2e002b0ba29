import { expect, it } from "vitest";
import { raceCommits } from "../stores/commit-log-race.ts";

const target = 16 * 250;
const until = Date.now() + Number(process.env["RELEARN_LONG_MINUTES"] ?? Infinity) * 60_000;
const seed = Number(process.env["RELEARN_LONG_SEED"] ?? 1);

it(`16 writers make ${target} commits through a proxy that cuts 10 % of the replies`, async () => {
  const race = await raceCommits({ writers: 16, each: 250, share: 0.1, seed, until });
  console.log(`${race.commits} of ${target} done, ${race.cut} replies cut, seed ${seed}, ${race.seconds.toFixed(0)} s`);
  expect(race.problems).toEqual([]);
  expect(race.commits).toBeGreaterThan(0);
});

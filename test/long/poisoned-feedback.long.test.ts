import { expect, test } from "vitest";
import { openPoisonedWorld } from "../poison/poisoned-world.ts";
import { cellLine, cells, poisonedRuns, type PoisonedRun } from "../poison/poisoned-runs.ts";

/** Minutes for this file; `npm run test:long` says them, and without a limit gives the whole table. */
const minutes = Number(process.env["RELEARN_LONG_MINUTES"]);
const wholeTable = 10;
/** A seed takes two to four minutes on two busy cores, and the file may take twice its share and three minutes more. */
const seeds = Number.isFinite(minutes) ? Math.min(wholeTable, Math.max(1, Math.floor((minutes * 2 + 3) / 4))) : wholeTable;

test("turned labels are blocked or quarantined, or do no harm", async () => {
  const runs: PoisonedRun[] = [];
  for (let seed = 1; seed <= seeds; seed++) runs.push(...(await poisonedRuns(seed)));
  for (const cell of cells) console.log(cellLine(cell, runs));
  const ofAFifth = runs.filter(({ cell }) => cell.share === 0.2);
  expect(ofAFifth).toHaveLength(4 * seeds);
  expect(ofAFifth.filter(({ end }) => end.ended !== "blocked")).toEqual([]);
  expect(runs.filter(({ end }) => end.ended === "harmful")).toEqual([]);
  expect(runs.filter(({ cell, end }) => cell.shape === "one source" && end.ended !== "blocked" && end.ended !== "quarantined"), "a sender that only lies is always found").toEqual([]);
  expect(runs.filter(({ cell, end }) => cell.share === 0 && end.ended === "quarantined"), "nobody who said the truth is left out").toEqual([]);
});

test("a world that has really changed is learned, not taken for noise", async () => {
  const world = await openPoisonedWorld(1, true);
  try {
    const end = await world.run({ share: 0, shape: "random" }, 1);
    console.log(`changed world: ${JSON.stringify(end)}`);
    expect(end).toMatchObject({ ended: "harmless", by: [] });
    expect(end.difference).toBeGreaterThan(0.1);
  } finally {
    await world.close();
  }
});

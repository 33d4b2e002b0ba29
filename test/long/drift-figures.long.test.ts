import { expect, test } from "vitest";
import { driftFigures, falseAlarms, figureLine } from "../policy/drift-figures.ts";

const [streams, quietWindows] = [200, 3_000];

test("drift is found, named and told apart in 200 streams of each kind, with at most 1 false alarm in 1,000 quiet windows", () => {
  const figures = driftFigures(streams);
  for (const figure of figures) console.log(figureLine(figure));
  const alarmed = falseAlarms(quietWindows);
  console.log(`${alarmed} of ${quietWindows.toLocaleString("en")} quiet windows alarmed`);
  const [shift, , , , nulls] = figures;
  expect(shift!.found).toBeGreaterThanOrEqual(0.95 * streams);
  expect(nulls!.found).toBe(streams);
  expect(alarmed).toBeLessThanOrEqual(quietWindows / 1_000);
}, 900_000);

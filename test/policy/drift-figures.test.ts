import { expect, test } from "vitest";
import { driftFigures, falseAlarms, figureLine } from "./drift-figures.ts";

test("drift of every kind is found in two streams, and nothing in quiet ones; the long tests say the figures", () => {
  for (const figure of driftFigures(2)) expect(figure.found, figureLine(figure)).toBe(2);
  expect(falseAlarms(100)).toBe(0);
}, 60_000);

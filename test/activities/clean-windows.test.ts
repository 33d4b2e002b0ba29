import { afterAll, expect, test } from "vitest";
import { cleanUp } from "./flights-world.ts";
import { stoppedWindows } from "./stopped-windows.ts";

afterAll(cleanUp);

/** Every day from 10 February to 31 March: a blizzard on the first, and a clock change. */
const days = Array.from({ length: 50 }, (_, i) => new Date(Date.UTC(2013, 1, 10 + i, 17)).toISOString());

test("at most 1 of 50 clean windows of real flights is stopped", async () => {
  const stopped = await stoppedWindows(["2013-01", "2013-02", "2013-03"], days);
  expect(stopped.length, stopped.join("\n")).toBeLessThanOrEqual(1);
}, 120_000);

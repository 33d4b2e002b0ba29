import { afterAll, expect, test } from "vitest";
import { cleanUp } from "./flights-world.ts";
import { stoppedWindows } from "./stopped-windows.ts";

afterAll(cleanUp);

/** Every second day from 10 February to 31 March: a blizzard on the first, and a clock change. `npm run test:long` has a whole year. */
const days = Array.from({ length: 25 }, (_, i) => new Date(Date.UTC(2013, 1, 10 + 2 * i, 17)).toISOString());

test("at most 1 of 25 clean windows of real flights is stopped", async () => {
  const stopped = await stoppedWindows(["2013-01", "2013-02", "2013-03"], days);
  expect(stopped.length, stopped.join("\n")).toBeLessThanOrEqual(1);
}, 120_000);

import { afterAll, expect, test } from "vitest";
import { cleanUp } from "../activities/flights-world.ts";
import { stoppedWindows } from "../activities/stopped-windows.ts";

afterAll(cleanUp);

const months = Array.from({ length: 12 }, (_, i) => `2013-${String(i + 1).padStart(2, "0")}`);

/** Every sixth day of the year from 19 February on: storms, both clock changes, Thanksgiving and Christmas are among them. */
const instants = Array.from({ length: 52 }, (_, i) => new Date(Date.UTC(2013, 1, 19 + 6 * i, 17)).toISOString());

test("at most 1 of 52 clean windows of a real year is stopped", async () => {
  const stopped = await stoppedWindows(months, instants);
  console.log(`${instants.length - stopped.length} of ${instants.length} clean windows accepted`);
  expect(stopped.length, stopped.join("\n")).toBeLessThanOrEqual(1);
});

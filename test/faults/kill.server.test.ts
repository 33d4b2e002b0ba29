import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { todaysShare } from "../support/todays-share.ts";
import { type CalmLife, calmLife, killAtEach } from "./killed-lives.ts";

const listed = join(import.meta.dirname, "points.json");

let calm: CalmLife;
beforeAll(async () => {
  calm = await calmLife();
}, 120_000);

describe("a worker that is killed between two steps", () => {
  it("has the fault points that are listed, and no others", () => {
    if (process.env["RELEARN_RECORD_POINTS"] !== undefined) writeFileSync(listed, `${JSON.stringify([...calm.points].sort(), null, 2)}\n`);
    expect([...calm.points].sort()).toEqual(JSON.parse(readFileSync(listed, "utf8")));
  });

  it("leaves one version, one promotion and one training job, as if it had never died", () => killAtEach(calm, todaysShare(calm.points, 3)), 500_000);
});

import { describe, expect, it } from "vitest";
import { bad, good, outcomes, scripts, share, silent, told } from "./canary-scripts.ts";

/** More of them in the long tests. */
const seeds = 2;

describe("scripted canaries, looked at every second", () => {
  it("count 60 scripts", () => expect(scripts([...good, ...bad, ...silent]).length).toBeGreaterThanOrEqual(60));

  it("promote the good ones, and send at most one in twenty back", () => {
    const found = outcomes(good, seeds);
    expect(share(found, "promoted"), told(found.filter((one) => one.end !== "promoted"))).toBeGreaterThanOrEqual(0.95);
    expect(share(found, "rolled back"), told(found.filter((one) => one.end === "rolled back"))).toBeLessThanOrEqual(0.05);
    expect(found.reduce((sum, one) => sum + one.hasty, 0)).toBe(0);
  });

  it("promote no bad one, and send all of them back", () => {
    const found = outcomes(bad, seeds);
    expect(share(found, "promoted"), told(found.filter((one) => one.end === "promoted"))).toBe(0);
    expect(share(found, "rolled back"), told(found.filter((one) => one.end !== "rolled back"))).toBe(1);
  });

  it("take no step without traffic, and none with too little of it", () => {
    const found = outcomes(silent, 1);
    expect(share(found, "held"), told(found.filter((one) => one.end !== "held"))).toBe(1);
    expect(found.every((one) => one.step === 0 && one.hasty === 0)).toBe(true);
  });
});

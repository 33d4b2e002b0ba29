import { expect, it } from "vitest";
import { readPromote, readPropose, readRollback, readSteer, readTraffic } from "../../policy/deployment-requests.ts";

const hostile = [[], [null], ["1"], [{}], [{ v: "1", by: "ann" }], [{ v: 0, by: "ann" }], [{ v: 1.5, by: "ann" }], [{ v: 1, by: "" }], [{ v: 1, by: "a".repeat(121) }], [{ v: 1, by: "ann" }, 2]];

it.each(hostile.map((args) => [JSON.stringify(args), args] as const))("a promotion is not read from %s", (_, args) => {
  expect(readPromote(args)).toHaveProperty("problem");
});

it("a promotion names a version and a person", () => {
  expect(readPromote([{ v: 2, by: "ann" }])).toEqual({ v: 2, by: "ann", reason: "" });
  expect(readPromote([{ v: 2, by: "ann", reason: "tested by hand" }])).toEqual({ v: 2, by: "ann", reason: "tested by hand" });
});

it("a proposal names a version and a run", () => {
  expect(readPropose([{ v: 2, run: "flights/run/abc" }])).toEqual({ v: 2, run: "flights/run/abc" });
  expect(readPropose([{ v: 2 }])).toHaveProperty("problem");
});

it("a rollback goes to the champion before unless it names a version", () => {
  expect(readRollback([{ by: "ann" }])).toEqual({ to: null, by: "ann", reason: "" });
  expect(readRollback([{ by: "ann", to: 1, reason: "worse" }])).toEqual({ to: 1, by: "ann", reason: "worse" });
  expect(readRollback([{ by: "ann", to: "one" }])).toHaveProperty("problem");
});

it("a pause, resume, abort or advance names a person, and may say why", () => {
  expect(readSteer("pause", [{ by: "ann" }])).toEqual({ by: "ann", reason: "", run: null });
  expect(readSteer("abort", [{ by: " ann ", reason: "worse", share: 5, run: "flights/run/abc" }])).toEqual({ by: "ann", reason: "worse", run: "flights/run/abc" });
  for (const args of [[], [null], ["ann"], [{}], [{ by: "" }], [{ by: 1 }], [{ by: "a".repeat(121) }], [{ by: "ann" }, 2], [{ by: "ann", run: 7 }]]) expect(readSteer("abort", args)).toEqual({ problem: expect.stringContaining("abort needs") });
});

it("a share of the traffic is a percentage", () => {
  for (const share of [0, 0.5, 100]) expect(readTraffic([{ by: "ann", share }])).toEqual({ by: "ann", share });
  for (const share of ["5", -1, 101, Number.NaN, Infinity, null, undefined, [5]]) expect(readTraffic([{ by: "ann", share }])).toHaveProperty("problem");
  expect(readTraffic([{ share: 5 }])).toHaveProperty("problem");
});

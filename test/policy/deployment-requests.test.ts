import { expect, it } from "vitest";
import { readPromote, readPropose, readRollback } from "../../policy/deployment-requests.ts";

const hostile = [[], [null], ["1"], [{}], [{ v: "1", by: "ann" }], [{ v: 0, by: "ann" }], [{ v: 1.5, by: "ann" }], [{ v: 1, by: "" }], [{ v: 1, by: "a".repeat(121) }], [{ v: 1, by: "ann" }, 2]];

it.each(hostile.map((args) => [JSON.stringify(args), args] as const))("a promotion is not read from %s", (_, args) => {
  expect(readPromote(args)).toHaveProperty("problem");
});

it("a promotion names a version and a person", () => {
  expect(readPromote([{ v: 2, by: "ann" }])).toEqual({ v: 2, by: "ann" });
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

import { expect, test } from "vitest";
import { type DefinitionInput, definition, most } from "../../schemas/definition.ts";
import { canonicalBytes } from "../../stores/canonical.ts";

test("the first source stays the primary one when the definition is stored, which sorts names", () => {
  const read = definition.parse({
    name: "sales",
    sources: { sales: { format: "csv", uri: "sales/", time: "at" }, areas: { format: "csv", uri: "areas/", time: "at" } },
    prepare: "select * from sales join areas_past using (area)",
    columns: { area: { type: "category" } },
    label: { column: "price", task: "regression" },
    windows: { holdout: "P7D" },
    trainer: { command: ["true"] },
    gates: [{ kind: "atMost", metric: "mae", value: 1 }],
  });
  const stored = definition.parse(JSON.parse(Buffer.from(canonicalBytes(read)).toString()));
  expect([Object.keys(stored.sources), stored.primary]).toEqual([["areas", "sales"], "sales"]);
});

const minimal: DefinitionInput = {
  name: "sales", sources: { sales: { format: "csv", uri: "sales/", time: "at" } }, columns: { area: { type: "category" } }, label: { column: "price", task: "regression" },
  windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [{ kind: "atMost", metric: "mae", value: 1 }],
};
const many = <T>(count: number, value: T): Record<string, T> => Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, value]));
const problems = (change: Partial<DefinitionInput>) => (definition.safeParse({ ...minimal, ...change }).error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
const source = minimal.sources["sales"]!;

test.each([
  ["columns", many(most.columns + 1, { type: "number" })], ["rules", many(most.rules + 1, "true")], ["slices", many(most.slices + 1, "true")],
  ["metrics", many(most.metrics + 1, { sql: "1", better: "higher" })], ["golden", many(most.golden + 1, source)], ["sources", many(most.sources + 1, source)],
] as const)("more %s than a worker should carry are refused by name, and as many as it may are not", (field, entries) => {
  const found = Object.keys(entries).length;
  expect(problems({ [field]: entries })).toEqual([`${field}: must have at most ${found - 1} entries, found ${found}`]);
  expect(problems({ [field]: Object.fromEntries(Object.entries(entries).slice(1)) })).toEqual([]);
});

test("what could never come to be is refused", () => {
  expect(problems({ approval: { required: 2, approvers: ["ann"] } })).toEqual([expect.stringMatching(/^approval\.required: must not be more than there are approvers/)]);
  expect(problems({ approval: { required: 2, approvers: ["ann", "ann"] } })).toEqual([expect.stringMatching(/^approval\.approvers: must name each person once/)]);
  expect(problems({ windows: { holdout: "P0D" } })).toEqual(["windows.holdout: must be longer than nothing, such as P7D"]);
  expect(problems({ approval: { within: "PT0S" } })).toEqual(["approval.within: must be longer than nothing, such as P7D"]);
});

test("an SQL text, and all of a definition together, have their limits", () => {
  expect(problems({ prepare: "x".repeat(100_001) })).toEqual([expect.stringMatching(/^prepare: .*100000/)]);
  expect(problems({ slices: many(12, "x".repeat(90_000)) })).toEqual([expect.stringMatching(/^: as a whole must have at most 1000000 characters as JSON, found 10\d{5}$/)]);
});

test("a private column and consent change nothing about what a stored definition without them says", () => {
  const read = definition.parse(minimal);
  expect([read.columns["area"], "consent" in read]).toEqual([{ type: "category", nullable: false, feature: true }, false]);
});

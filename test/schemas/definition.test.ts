import { expect, test } from "vitest";
import { definition } from "../../schemas/definition.ts";
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

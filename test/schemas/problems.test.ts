import { expect, test } from "vitest";
import { z } from "zod";
import { readAs } from "../../schemas/boundary.ts";
import { definition } from "../../schemas/definition.ts";

const valid = {
  name: "sales", sources: { sales: { format: "csv", uri: "sales/", time: "at" } }, columns: { area: { type: "category" } }, label: { column: "price", task: "regression" },
  windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [{ kind: "atMost", metric: "mae", value: 1 }],
};
/** What is said of a valid definition with one change. */
function said(change: object): string {
  try {
    readAs(definition, { ...valid, ...change }, "it");
    return "";
  } catch (error) {
    return (error as Error).message.replace("it is not valid:\n  ", "");
  }
}

test.each<readonly [object, string]>([
  [{ validation: { maxQuarantined: "5 %" } }, `validation.maxQuarantined: expected a number from 0 to 1 such as 0.01, found "5 %"`],
  [{ validation: { maxQuarantined: 5 } }, "validation.maxQuarantined: expected a number from 0 to 1 such as 0.01, found 5"],
  [{ validation: { maxDrift: "none" } }, `validation.maxDrift: expected a number above 0 or null such as 0.25, found "none"`],
  [{ approval: { required: 1.5 } }, "approval.required: expected a whole number from 1 to 20 such as 2, found 1.5"],
  [{ trainer: { command: "python train.py" } }, `trainer.command: expected a non-empty list such as ["python","train.py"], found "python train.py"`],
  [{ trainer: { command: ["true"], seed: "one" } }, `trainer.seed: expected a whole number of at least 0 such as 7, found "one"`],
  [{ label: { column: "price", task: "guess" } }, `label.task: expected one of "binary", "multiclass", "regression", found "guess"`],
  [{ windows: {} }, `windows.holdout: is missing: expected a string such as "P7D"`],
  [{ windows: { holdout: 7 } }, `windows.holdout: expected a string such as "P7D", found 7`],
  [{ windows: { holdout: "7 days" } }, `windows.holdout: must be an ISO 8601 duration such as P7D or PT12H, found "7 days"`],
  [{ windows: { holdout: "P7D", train: "7 days" } }, `windows.train: must be an ISO 8601 duration such as P7D or PT12H, found "7 days"`],
  [{ name: "Sales" }, `name: must be 1 to 63 lower-case letters, digits or hyphens, not starting with a hyphen such as "flights", found "Sales"`],
  [{ columns: { area: { type: "float" } } }, `columns.area.type: expected one of "number", "integer", "category", "text", "boolean", "time", "embedding", found "float"`],
  [{ columns: { area: {} } }, `columns.area.type: is missing: expected one of "number", "integer", "category", "text", "boolean", "time", "embedding"`],
  [{ label: { column: "price" } }, `label.task: is missing: expected one of "binary", "multiclass", "regression"`],
  [{ columns: { area: { type: "number", min: "one" } } }, `columns.area.min: expected a number such as 0, found "one"`],
  [{ columns: { area: { type: "number", mim: 1 } } }, `columns.area: Unrecognized key: "mim"; the keys here are type, nullable, min, max, wide, feature, private, description`],
  [{ columns: { area: { type: "number", nullable: "no" } } }, `columns.area.nullable: expected true or false, found "no"`],
  [{ columns: { "my area": { type: "number" } } }, `columns.my area: the name must be a plain identifier: letters, digits and _, at most 63, found "my area"`],
  [{ sources: { sales: { ...valid.sources.sales, key: 5 } } }, `sources.sales.key: expected a string, or a non-empty list such as "flight_id", found 5`],
  [{ sources: { sales: { ...valid.sources.sales, delimiter: "tab" } } }, `sources.sales.delimiter: expected a string of 1 character such as ";", found "tab"`],
  [{ gates: [{ kind: "noWorseThanChampion", metric: "mae", confidence: 95 }] }, "gates.0.confidence: expected a number above 0.5 and below 1 such as 0.99, found 95"],
  [{ gates: [{ kind: "memory", max: "1 GiB" }] }, `gates.0.max: must be a size such as 512MB, found "1 GiB"`],
  [{ gates: [{ kind: "better" }] }, `gates.0.kind: expected one of "atLeast", "atMost", "noWorseThanChampion", "slicesNoWorse", "flipsAtMost", "latency", "throughput", "memory", "fileSize", found "better"`],
  [{ gates: { kind: "memory", max: "1GB" } }, `gates: expected a non-empty list such as [{"kind":"atLeast","metric":"auc","value":0.65}], found {"kind":"memory","max":"1GB"}`],
  [{ primary: "rent" }, `primary: must be one of the sources, found "rent"`],
])("%j is said as a field, what was expected, an example and what was found", (change, message) => {
  expect(said(change)).toBe(message);
});

test("a schema without examples, and one that JSON Schema cannot say, are said too", () => {
  expect(() => readAs(z.strictObject({ v: z.literal(1), n: z.int() }), { v: 2, n: "x" }, "stack.json")).toThrow(`stack.json is not valid:\n  v: expected 1, found 2\n  n: expected a whole number, found "x"`);
  expect(() => readAs(z.bigint(), 5, "it")).toThrow("the value: Invalid input: expected bigint, received number, found 5");
  expect(() => readAs(z.object({ n: z.number() }), null, "it")).toThrow("the value: expected an object, found null");
});

import { describe, expect, test } from "vitest";
import { predictionsProblems } from "../../cli/support/predictions-problems.ts";
import { definition as schema, type DefinitionInput } from "../../schemas/definition.ts";
import { predictions } from "../../schemas/source.ts";

const define = (change: Partial<DefinitionInput> = {}) => schema.parse({
  name: "fraud",
  sources: { served: predictions() },
  columns: { amount: { type: "number" }, country: { type: "category" } },
  label: { column: "fraud", task: "binary", arrives: "P30D" },
  windows: { train: "P30D", holdout: "P7D" },
  trainer: { command: ["true"] },
  gates: [{ kind: "atLeast", metric: "auc", value: 0.5 }],
  ...change,
});
const problems = (change?: Partial<DefinitionInput>) => predictionsProblems(define(change)).map(({ at, message }) => `${at.join(".")}: ${message}`);

describe("a source of predictions", () => {
  test("fits a definition whose labels take their time", () => {
    expect(problems()).toEqual([]);
    expect(problems({ columns: { constructor: { type: "number" as const } } })).toEqual([]);
    expect(problems({ sources: { served: predictions({ labels: { from: "postgres", table: "decisions", on: "amount", label: "was_fraud", time: "decided_at" } }) } })).toEqual([]);
  });

  test("needs to know how long labels may take", () => {
    expect(problems({ label: { column: "fraud", task: "binary" } })).toEqual([expect.stringMatching(/^label\.arrives: must be longer than nothing/)]);
  });

  test("cannot give a private feature, nor one under a name of the log's own", () => {
    expect(problems({ columns: { amount: { type: "number", private: true }, variant: { type: "category" } } })).toEqual([
      expect.stringMatching(/^columns\.amount: is private, so its values are not in the prediction log, and the source served cannot give them/),
      expect.stringMatching(/^columns\.variant: the name is taken by what the prediction log says of a row \(prediction_id, row, at, v, variant, label_source\)/),
    ]);
  });

  test.each(["order_id", "fraud"])("finds no label by %s, which served rows do not have", (on) => {
    expect(problems({ sources: { served: predictions({ labels: { from: "files", format: "csv", uri: "labels/", on, label: "was_fraud", time: "decided_at" } }) } })).toEqual([expect.stringMatching(new RegExp(`^sources\\.served\\.labels\\.on: ${on} is nothing that served rows have`))]);
  });

  test.each(["y", "source"])("finds no label by %s, which is what labels call something of their own", (on) => {
    expect(problems({ sources: { served: predictions({ key: on, labels: { from: "postgres", table: "decisions", on, label: "was_fraud", time: "decided_at" } }) } })).toEqual([expect.stringMatching(new RegExp(`^sources\\.served\\.labels\\.on: ${on} is what labels call something of their own \\(y, known_at, received_at, source\\)`))]);
  });

  test("finds labels by what the key names, which callers send beside the features", () => {
    expect(problems({ sources: { served: predictions({ key: "order_id", labels: { from: "files", format: "csv", uri: "labels/", on: "order_id", label: "was_fraud", time: "decided_at" } }) } })).toEqual([]);
  });
});

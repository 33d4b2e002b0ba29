import { expect, test } from "vitest";
import type { ModelFacts, ModelValue } from "../../inference/scan.ts";
import { checkSignature } from "../../inference/signature.ts";
import { column, type ColumnInput } from "../../schemas/column.ts";

const columns = (all: Record<string, ColumnInput>) => Object.entries(all).map(([name, input]) => ({ name, column: column.parse(input) }));
const value = (name: string, type: string, shape: ModelValue["shape"] = [null, 1]): ModelValue => ({ name, type, shape });
const facts = (inputs: ModelValue[], outputs: ModelValue[] = [value("label", "int64", [null]), value("score", "float32", [null, 2])]): ModelFacts => ({ irVersion: 9, opsets: {}, nodes: 1, inputs, outputs });

const all = columns({ n: { type: "number" }, w: { type: "number", wide: true }, i: { type: "integer" }, c: { type: "category" }, t: { type: "text" }, b: { type: "boolean" }, at: { type: "time" }, e: { type: "embedding", size: 4 } });
const right = [value("n", "float32"), value("w", "double"), value("i", "int64"), value("c", "string"), value("t", "string"), value("b", "float32"), value("at", "int64"), value("e", "float32", [null, 4])];

test("each kind of column has its input", () => expect(() => checkSignature(facts(right), all, "binary", 2)).not.toThrow());
test("a shape left open is let through", () => expect(() => checkSignature(facts(right.map((one) => ({ ...one, shape: null }))), all, "binary", 2)).not.toThrow());

test.each([
  ["a missing input", right.slice(1), /no input "n" \(float32 \[n,1\]\)/],
  ["an input nobody gives", [...right, value("extra", "float32")], /wants an input "extra"/],
  ["a retyped input", [value("n", "double"), ...right.slice(1)], /"n" is double \[n,1\] where the column makes float32 \[n,1\]/],
  ["another width", [...right.slice(0, -1), value("e", "float32", [null, 5])], /"e" is float32 \[n,5\]/],
  ["a fixed batch size", [value("n", "float32", [1, 1]), ...right.slice(1)], /"n" is float32 \[1,1\]/],
] as const)("%s is named", (_, inputs, why) => expect(() => checkSignature(facts([...inputs]), all, "binary", 2)).toThrow(why));

test.each([
  ["no score", [value("label", "int64")], "binary", /no output "score".*its outputs are: label/],
  ["no label", [value("score", "float32", [null, 2])], "binary", /no output "label"/],
  ["scores of other classes", [value("label", "int64"), value("score", "float32", [null, 2])], "multiclass", /"score" is float32 \[n,2\] where float32 \[n,3\]/],
  ["no value", [value("variable", "float32")], "regression", /no output "value"/],
  ["a map instead of scores", [value("label", "int64"), value("score", "no tensor", null)], "binary", /"score" is no tensor/],
] as const)("outputs: %s", (_, outputs, task, why) => expect(() => checkSignature(facts(right, [...outputs]), all, task, task === "multiclass" ? 3 : 2)).toThrow(why));

test("all problems are told at once", () => {
  expect(() => checkSignature(facts(right.slice(2), []), all, "binary", 2)).toThrow(/"n".*"w".*"score".*"label"/);
});

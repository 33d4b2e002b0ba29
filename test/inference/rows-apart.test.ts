import { expect, test } from "vitest";
import { checkRowsApart, type Runnable, WrongShape } from "../../inference/rows-apart.ts";
import { loadModel } from "../../inference/session.ts";
import { column } from "../../schemas/column.ts";
import { craftModel } from "../support/onnx-writer.ts";

const inputs = [{ name: "x", type: "float32" as const, width: 1 }, { name: "word", type: "string" as const, width: 1 }];

/** A model that makes `width` scores a row of its `x`, and then does something to all of them. */
const made = (width: number, mix: (scores: Float32Array, rows: number) => Float32Array = (scores) => scores): Runnable => ({
  inputs, width,
  run: (values, rows) => Promise.resolve(mix(Float32Array.from({ length: rows * width }, (_, i) => (values.get("x") as Float32Array)[Math.floor(i / width)]! + i % width), rows)),
});
const transposed = (width: number) => made(width, (scores, rows) => Float32Array.from(scores, (_, i) => scores[(i % rows) * width + Math.floor(i / rows)]!));

test.each([
  ["that looks at each row alone", made(2)], ["of one output", made(1)], ["that gives what is no number", made(2, (scores) => scores.fill(Number.NaN))],
  ["that rounds another way among others", made(2, (scores, rows) => scores.map((score) => score * (1 + rows * 1e-7)))],
])("a model %s is taken", async (_, model) => expect(await checkRowsApart(model)).toBeUndefined());

test.each([
  ["the rows the other way round", made(2, (scores, rows) => Float32Array.from(scores, (_, i) => scores[(rows - 1 - Math.floor(i / 2)) * 2 + (i % 2)]!))],
  ["classes where rows should be", transposed(2)], ["classes where rows should be, three of them", transposed(3)],
  ["each row beside the mean of all", made(1, (scores) => scores.map((score) => score - scores.reduce((sum, one) => sum + one, 0) / scores.length))],
  ["the first row's scores for all", made(1, (scores) => scores.map(() => scores[0]!))],
])("a model that gives %s is refused", (_, model) => expect(checkRowsApart(model)).rejects.toMatchObject({ type: "ModelRefused", message: expect.stringMatching(/depend on the rows it is run with/) as string }));

test("rows that a model cannot take are left out, and one whose shape is wrong is refused", async () => {
  const picky = made(2);
  const onlyWords = (failing: readonly string[], why: () => Error): Runnable => ({ ...picky, run: (values, rows) => ((values.get("word") as string[]).some((word) => failing.includes(word)) ? Promise.reject(why()) : picky.run(values, rows)) });
  await checkRowsApart(onlyWords([""], () => new Error("it knows no such word")));
  await checkRowsApart(onlyWords(["", "a", "b"], () => new Error("it knows no word")));
  await expect(checkRowsApart(onlyWords([""], () => new WrongShape("[2,1] for 1 rows")))).rejects.toThrow("[2,1] for 1 rows");
});

const load = (bytes: Uint8Array) => loadModel(bytes, { columns: [{ name: "x", column: column.parse({ type: "number" }) }], task: "regression", classes: 1 }, 1);

test("a real model is held to it when it is loaded: at registration, by a server, by a batch", async () => {
  expect([...(await (await load(craftModel())).run(new Map([["x", Float32Array.of(1, 2)]]), 2))]).toEqual([1, 2]);
  const overRows = craftModel({ node: [[4, "Softmax"], [5, [[1, "axis"], [3, 0], [20, 2]]]] });
  await expect(load(overRows)).rejects.toMatchObject({ type: "ModelRefused", message: expect.stringMatching(/depend on the rows it is run with/) as string });
});

test("a real model whose output has one row whatever goes in is refused, with the shape that it gives", async () => {
  const one = craftModel({ node: [[4, "ReduceMean"], [5, [[1, "axes"], [8, 0], [20, 7]]], [5, [[1, "keepdims"], [3, 1], [20, 2]]]] });
  await expect(load(one)).rejects.toMatchObject({ type: "ModelRefused" });
});

import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { loadModel } from "../../inference/session.ts";
import { scanModel } from "../../inference/scan.ts";
import { attribute, type Crafted, craftModel, externalTensor, type Field, message, plainTensor, sparse } from "../support/onnx-writer.ts";

const fixture = (name: string) => readFile(new URL(`../fixtures/models/${name}`, import.meta.url));

test("a crafted model without faults is read, and runs", async () => {
  const facts = scanModel(craftModel());
  expect(facts).toEqual({ irVersion: 8, opsets: { "ai.onnx": 17 }, nodes: 1, inputs: [{ name: "x", type: "float32", shape: [null, 1] }], outputs: [{ name: "value", type: "float32", shape: [null, 1] }] });
  const model = await loadModel(craftModel(), { columns: [{ name: "x", column: { type: "number", nullable: false, wide: false, feature: true } }], task: "regression", classes: 1 }, 1);
  expect([...(await model.run(new Map([["x", Float32Array.of(1, 2)]]), 2))]).toEqual([1, 2]);
});

test("a real model's inputs and outputs are read", async () => {
  const { inputs, outputs, opsets } = scanModel(await fixture("binary.onnx"));
  expect(inputs.map(({ name, type }) => `${name} ${type}`).sort()).toEqual(["carrier string", "delay float32", "distance float32"]);
  expect(outputs.map(({ name, type }) => `${name} ${type}`)).toEqual(["label int64", "score float32"]);
  expect(opsets["ai.onnx.ml"]).toBeGreaterThan(0);
});

const locations = { relative: "w.bin", absolute: "/etc/hostname", "parent folder": "../w.bin", "symbolic link": "link.bin", "hard link": "hard.bin", "working folder": "./w.bin" };
const subgraph = (...fields: Field[]): Field => attribute([6, [[1, [[1, "y"], [2, "z"], [4, "Identity"]]], ...fields]]);

const places: Readonly<Record<string, (tensor: Field[]) => Crafted>> = {
  "a dense initializer": (tensor) => ({ graph: [[5, tensor]] }),
  "a sparse initializer": (tensor) => ({ graph: [[15, sparse(tensor)]] }),
  "a sparse initializer's indices": (tensor) => ({ graph: [[15, sparse(plainTensor, tensor)]] }),
  "a Constant's tensor": (tensor) => ({ node: [attribute([5, tensor])] }),
  "a list of tensors": (tensor) => ({ node: [attribute([10, plainTensor], [10, tensor])] }),
  "a Constant's sparse tensor": (tensor) => ({ node: [attribute([22, sparse(tensor)])] }),
  "a list of sparse tensors": (tensor) => ({ node: [attribute([23, sparse(tensor)])] }),
  "a subgraph": (tensor) => ({ node: [subgraph([5, tensor])] }),
  "a subgraph's sparse initializer": (tensor) => ({ node: [subgraph([15, sparse(tensor)])] }),
  "a list of subgraphs": (tensor) => ({ node: [attribute([11, [[5, tensor]]])] }),
  "a subgraph of a subgraph": (tensor) => ({ node: [subgraph([1, [[4, "If"], subgraph([5, tensor])]])] }),
  "a function's node": (tensor) => ({ model: [[25, [[1, "f"], [7, [[4, "Constant"], attribute([5, tensor])]]]]] }),
  "a function's default attribute": (tensor) => ({ model: [[25, [[1, "f"], [11, [[1, "a"], [5, tensor]]]]]] }),
  "a second graph": (tensor) => ({ model: [[7, [[5, tensor]]]] }),
};

describe.each(Object.entries(places))("external data in %s", (_, craft) => {
  test.each(Object.entries(locations))("is refused by a %s path", (_kind, location) => {
    expect(() => scanModel(craftModel(craft(externalTensor(location))))).toThrow(/keeps its data outside the file/);
  });

  test("is refused when only one of its two marks is there, whatever number says so", () => {
    for (const marks of [[[14, 1]], [[14, 2]], [[14, 2 ** 32 + 1]], [[13, [[1, "location"]]]], [[14, 1], [14, 0]]] satisfies Field[][]) {
      expect(() => scanModel(craftModel(craft([...plainTensor, ...marks])))).toThrow(/outside the file/);
    }
  });
});

describe("what else is refused", () => {
  const refused: readonly [string, Uint8Array, RegExp][] = [
    ["an operator of another domain", craftModel({ node: [[7, "com.example"]] }), /domain "com.example"/],
    ["an operator of another domain in a subgraph", craftModel({ node: [subgraph([1, [[4, "X"], [7, "evil"]]])] }), /domain "evil"/],
    ["a function of another domain", craftModel({ model: [[25, [[1, "f"], [10, "evil"]]]] }), /domain "evil"/],
    ["an import of another domain", craftModel({ model: [[8, [[1, "com.microsoft"], [2, 1]]]] }), /com.microsoft/],
    ["training info", craftModel({ model: [[20, [[1, [[2, "g"]]]]]] }), /training info/],
    ["nothing", new Uint8Array(), /no single graph/],
    ["no graph", message([1, 8]), /no single graph/],
    ["a group, which no ONNX file has", Buffer.concat([craftModel(), Buffer.from([0x0b])]), /wire type 3/],
    ["a length past the end", Buffer.from([0x3a, 0xff, 0x7f, 1]), /runs past the end/],
    // A field that no message has, whose bytes are where onnxruntime looks for its own format: it then read another model than the scan had.
    ["a file that is two formats at once", Buffer.concat([Buffer.from([0x12, 0x84, 0x80, 0x00]), Buffer.from("ORTM"), craftModel()]), /onnxruntime's own format/],
    ["nesting without end", craftModel({ node: [deep(100)] }), /nested deeper/],
  ];
  function deep(levels: number): Field {
    return levels === 0 ? subgraph() : subgraph([1, [[4, "If"], deep(levels - 1)]]);
  }
  test.each(refused)("%s", (_, bytes, why) => expect(() => scanModel(bytes)).toThrow(why));

  test("a file above the limit", () => expect(() => scanModel(craftModel(), { maxBytes: 10, maxDepth: 64 })).toThrow(/at most 10 are read/));

  test("twenty formats that are no ONNX", () => {
    const magics = ["\x80\x05pickle", "PK\x03\x04zip", "\x89HDF", "GGUF", "\x7fELF", "MZ", "%PDF-1.7", "\x1f\x8b\x08", "BZh9", "\xfd7zXZ", "SQLite format 3\0", "#!/bin/sh\n", "import os", "{\"a\":1}", "<html>", "PAR1", "ustar", "\x93NUMPY", "TFL3", "safetensors"];
    for (const magic of magics) expect(() => scanModel(Buffer.concat([Buffer.from(magic, "latin1"), Buffer.alloc(64, 0xff)])), magic).toThrow(/refused/);
  });

  test("a model cut anywhere is refused or at least read to its end", async () => {
    const whole = await fixture("binary.onnx");
    for (let end = 0; end < whole.length; end += 7) expect(() => scanModel(whole.subarray(0, end))).toThrow(/refused/);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { spoilModel, type Spoilt } from "../../examples/flights/spoil.ts";
import { type LoadedModel, loadModel } from "../../inference/session.ts";
import { getBlob, putBlob } from "../../stores/blobs.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import { modelPath, planeColumns } from "../support/model-start.ts";

const scratch = mkdtempSync(join(tmpdir(), "relearn-spoil-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const store = memoryObjectStore();
const sound = await readFile(modelPath("binary.onnx"));
const open = async (bytes: Uint8Array): Promise<LoadedModel> => loadModel(bytes, { columns: planeColumns, task: "binary", classes: 2 }, 1);
const spoilt = async (how: Spoilt): Promise<LoadedModel> => open(await getBlob(store, await spoilModel(store, await putBlob(store, sound), how, scratch)));
const ask = async (model: LoadedModel, distance: readonly number[], delay: readonly number[]): Promise<number[]> =>
  [...(await model.run(new Map<string, Float32Array | string[]>([["distance", Float32Array.from(distance)], ["carrier", distance.map(() => "B6")], ["delay", Float32Array.from(delay)]]), distance.length))];

test("a model with two inputs swapped answers what the sound one says of the exchanged values, without an error", async () => {
  const model = await spoilt(["swap", "distance", "delay"]);
  expect(await ask(model, [0.1, 0.5], [1.7, -0.3])).toEqual(await ask(await open(sound), [1.7, -0.3], [0.1, 0.5]));
});

test("a slow model gives the sound one's answers, and takes its time only above the value", async () => {
  const [model, original] = await Promise.all([spoilt(["slow", "distance", 1_000, 2_000]), open(sound)]);
  const time = async (distance: number): Promise<number> => {
    const began = performance.now();
    expect(await ask(model, [distance], [0.2])).toEqual(await ask(original, [distance], [0.2]));
    return performance.now() - began;
  };
  await time(10);
  expect(await time(2_500)).toBeGreaterThan(10 * (await time(10)));
});

test("inputs of different types cannot be swapped, and the script says so", async () => {
  await expect(spoilt(["swap", "distance", "carrier"])).rejects.toThrow(/two inputs of one type are needed/);
});

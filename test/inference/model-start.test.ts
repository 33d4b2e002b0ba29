import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startModelProcess } from "../../inference/model-process.ts";
import type { Golden } from "../../schemas/golden.ts";
import { craftModel, externalTensor } from "../support/onnx-writer.ts";
import { modelStart, plane } from "../support/model-start.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "relearn-model-test-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));
const soon = (): number => performance.now() + 5_000;

const columns = [{ name: "distance", values: [null, 100] }, { name: "carrier", values: [null, "AA"] }, { name: "delay", values: [0.5, 1] }] as const;
const goldenOf = (scores: readonly (readonly number[])[]): Golden => ({ version: 1, columns: [...columns], scores });

test("a model that gives its golden predictions again answers; another one is refused with the largest difference", async () => {
  const start = await modelStart("binary.onnx");
  const one = await startModelProcess(start);
  const scores = await Promise.all([plane(Number.NaN, "", 0.5), plane(100, "AA", 1)].map(async (batch) => [...(await one.score(batch, soon())).scores]));
  await one.close();
  await (await startModelProcess({ ...start, golden: goldenOf(scores) })).close();
  const other = { ...(await modelStart("binary-weak.onnx")), golden: goldenOf(scores) };
  await expect(startModelProcess(other)).rejects.toMatchObject({ type: "ModelRefused", message: expect.stringMatching(/golden row \d gives 0\.\d+ where 0\.\d+ was recorded \(relative difference 0\.\d+, at most 0\.00001; 4 of 4 scores differ\)/) as string });
  await expect(startModelProcess({ ...start, golden: goldenOf(scores.slice(1)) })).rejects.toMatchObject({ type: "ModelRefused", message: expect.stringContaining("golden rows hold") as string });
});

test.each([
  ["with another digest", async () => ({ ...(await modelStart("binary.onnx")), contract: { ...(await modelStart("binary.onnx")).contract, digest: "a".repeat(64) } }), "Corrupt", /holds [0-9a-f]{12} where aaaaaaaaaaaa is to be served/],
  ["that is not there", async () => ({ ...(await modelStart("binary.onnx")), path: join(folder, "none.onnx") }), undefined, /ENOENT/],
  ["whose data lies outside", () => crafted("outside", craftModel({ graph: [[5, externalTensor("/etc/hostname")]] })), "ModelRefused", /keeps its data outside the file/],
  ["of other columns", () => crafted("other", craftModel()), "ModelRefused", /no input "distance"/],
  ["that loops for ever", async () => ({ ...(await modelStart("hostile-loop.onnx")), limits: { loadMs: 700 } }), "InferenceLimit", /did not answer within 0.7 s/],
  ["that wants eight gigabytes a row", async () => ({ ...(await modelStart("hostile-bomb.onnx")), limits: { memoryBytes: 2 ** 29 } }), /InferenceLimit|ModelRefused/, /MiB of memory|cannot run it|did not answer/],
])("a model %s never answers", async (_, make, type, why) => {
  const failure = await startModelProcess(await make()).then(() => null, (error: unknown) => error as Error & { readonly type?: string });
  expect(failure?.message).toMatch(why);
  if (type !== undefined) expect(failure?.type).toMatch(type);
});

test("a start that is given up leaves no process", async () => {
  const stop = new AbortController();
  const starting = startModelProcess({ ...(await modelStart("hostile-loop.onnx")), signal: stop.signal });
  setTimeout(() => stop.abort(), 100);
  await expect(starting).rejects.toThrow(/cancelled/);
});

async function crafted(name: string, bytes: Uint8Array) {
  const path = join(folder, `${name}.onnx`);
  await writeFile(path, bytes);
  const start = await modelStart("binary.onnx");
  return { ...start, path, contract: { ...start.contract, digest: createHash("sha256").update(bytes).digest("hex") } };
}

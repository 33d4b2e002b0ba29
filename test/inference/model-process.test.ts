import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { readFile, readlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterEach, expect, test } from "vitest";
import type { ModelProcess } from "../../inference/contract.ts";
import { type ModelStart, startModelProcess } from "../../inference/model-process.ts";
import { loadModel } from "../../inference/session.ts";
import { inputOf } from "../../inference/signature.ts";
import type { Column } from "../../schemas/column.ts";
import { randomBits } from "../../stats/random.ts";
import { type Field, message } from "../support/onnx-writer.ts";
import { modelPath, modelStart, plane, planeColumns, planes } from "../support/model-start.ts";

const started: ModelProcess[] = [];
const start = async (file: string, more: Partial<ModelStart> = {}): Promise<ModelProcess> => {
  const process = await startModelProcess({ ...(await modelStart(file)), ...more });
  started.push(process);
  return process;
};
afterEach(async () => {
  for (const process of started.splice(0)) await process.close();
});
const soon = (ms = 5_000): number => performance.now() + ms;

test("callers at the same time each get the scores of their own rows, which are the session's", async () => {
  const process = await start("binary.onnx");
  const session = await loadModel(await readFile(modelPath("binary.onnx")), { columns: planeColumns, task: "binary", classes: 2 }, 1);
  const next = randomBits(11);
  const carriers = ["AA", "B6", "", "naïve 航空 ✈", "\ud800"];
  await Promise.all(Array.from({ length: 200 }, async () => {
    const rows = 1 + (next() % 9);
    const batch = planes(Array.from({ length: rows }, () => (next() % 7 === 0 ? Number.NaN : next() % 3_000)), Array.from({ length: rows }, () => carriers[next() % carriers.length]!), Array.from({ length: rows }, () => (next() % 600) / 100 - 3));
    const { scores, queuedMs, computeMs } = await process.score(batch, soon());
    const alone = await session.run(new Map(planeColumns.map(({ name }, i) => [name, batch.columns[i]!])), rows);
    // A matrix product over more rows rounds its last bit another way.
    for (let i = 0; i < alone.length; i++) expect(Math.abs(scores[i]! - alone[i]!)).toBeLessThan(1e-6);
    expect(scores.length).toBe(alone.length);
    expect(queuedMs).toBeGreaterThanOrEqual(0);
    expect(computeMs).toBeGreaterThan(0);
  }));
  expect(process.pending).toBe(0);
});

test("a hang, a memory bomb and a crash end the process, and everybody who waits is told", async () => {
  const limits = { scoreMs: 500, memoryBytes: 2 ** 29 };
  const harms: readonly [string, (process: ModelProcess) => void, RegExp][] = [
    ["a hang", (process) => void process.score(plane(1e12, "AA", 0), soon()).catch(() => undefined), /InferenceLimit: version 3 of planes did not answer within 0.5 s/],
    ["a bomb", (process) => void process.score(plane(-2e9, "AA", 0), soon()).catch(() => undefined), /InferenceLimit: .*MiB of memory|InferenceLimit: .*0.5 s/],
    ["a crash", ({ pid }) => process.kill(pid, "SIGKILL"), /InferenceFailed: version 3 of planes cannot answer: .*SIGKILL/],
  ];
  await Promise.all(harms.map(async ([what, harm, why]) => {
    const one = await start("hostile-by-input.onnx", { limits });
    expect((await one.score(plane(1, "AA", 0), soon())).scores[1]).toBeCloseTo(0.5);
    const waiting = Array.from({ length: 20 }, () => one.score(plane(1e7, "AA", 1), soon()).catch((error: unknown) => error));
    harm(one);
    const said = [...(await Promise.all(waiting)), await one.ended].filter((answer) => answer instanceof Error).map((error) => `${(error as { type?: string }).type}: ${error.message}`);
    expect(said.length, what).toBeGreaterThan(0);
    for (const message of said) expect(message, what).toMatch(why);
    expect(one.pending).toBe(0);
    await expect(one.score(plane(1, "AA", 0), soon())).rejects.toThrow();
    expect(() => process.kill(one.pid, 0)).toThrow();
  }));
});

test("the event loop stays free while an inference takes half a second, and who waits no longer is told so", async () => {
  const one = await start("hostile-by-input.onnx");
  const began = performance.now();
  await one.score(plane(20_000, "AA", 0), soon());
  const rounds = (20_000 / (performance.now() - began)) * 500;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const slow = one.score(plane(rounds, "AA", 0), soon());
  await new Promise(setImmediate);
  await expect(one.score(plane(1, "AA", 0), soon(60))).rejects.toMatchObject({ type: "InferenceLimit", message: expect.stringMatching(/did not answer in the \d+ ms that its caller waits/) as string });
  const { computeMs } = await slow;
  delay.disable();
  expect(computeMs).toBeGreaterThan(150);
  // It samples each millisecond that the loop turns. One turn in ten milliseconds also holds on a machine that does much else.
  expect(delay.count).toBeGreaterThan(computeMs / 10);
  expect(delay.percentile(90) / 1e6).toBeLessThan(computeMs / 3);
  expect((await one.score(plane(1, "AA", 0), soon())).queuedMs).toBeLessThan(1_000);
});

test("one caller's rows that fail, or give no number, hurt nobody in the same batch", async () => {
  const one = await start("hostile-by-input.onnx");
  const batches = [plane(1, "AA", 0), plane(1, "AA", 2e6), plane(1, "AA", Number.NaN), plane(1, "AA", 1)];
  const answers = await Promise.all(batches.map((batch) => one.score(batch, soon()).then(({ scores }) => Math.round(scores[1]! * 100) / 100, ({ type, message }: { readonly type: string; readonly message: string }) => `${type}: ${message}`)));
  expect(answers).toEqual([0.5, expect.stringMatching(/ModelRefused: .*cannot run it/), expect.stringMatching(/ModelRefused: version 3 of planes gives NaN for row 0 \(output 0 of 2\)/), 0.73]);
  await expect(one.score({ rows: 1, columns: [Float32Array.of(1), ["AA"], Float64Array.of(1)] }, soon())).rejects.toMatchObject({ type: "InvalidInput", message: expect.stringContaining("delay does not hold values of float32") as string });
});

test("more rows than may wait are refused at once; a large request goes alone, in pieces", async () => {
  const one = await start("binary.onnx", { limits: { queueRows: 100, pieceRows: 64, maxRows: 16 } });
  const many = planes(Array.from({ length: 1_000 }, (_, i) => i), Array.from({ length: 1_000 }, () => "UA"), Array.from({ length: 1_000 }, (_, i) => i / 500 - 1));
  const large = one.score(many, soon());
  expect(one.pending).toBe(1_000);
  await expect(one.score(plane(1, "AA", 0), soon())).rejects.toMatchObject({ type: "Overloaded", message: expect.stringContaining("1000 rows wait") as string });
  const { scores } = await large;
  const [first, last] = await Promise.all([one.score(plane(0, "UA", -1), soon()), one.score(plane(999, "UA", 999 / 500 - 1), soon())]);
  expect(scores.length).toBe(2_000);
  expect(scores[1]).toBeCloseTo(first.scores[1]!, 5);
  expect(scores[1_999]).toBeCloseTo(last.scores[1]!, 5);
});

test("a process is closed after its last reply, and its empty folder goes with it", async () => {
  const one = await start("binary.onnx");
  const folder = await readlink(`/proc/${one.pid}/cwd`).catch(() => null);
  const answers = Array.from({ length: 50 }, () => one.score(plane(1, "AA", 0), soon()));
  const closing = one.close();
  await expect(one.score(plane(1, "AA", 0), soon())).rejects.toMatchObject({ type: "NotReady" });
  expect(await Promise.all(answers)).toHaveLength(50);
  await closing;
  expect(await one.ended).toMatchObject({ type: "NotReady", message: expect.stringContaining("retired") as string });
  if (folder !== null) await expect.poll(() => existsSync(folder)).toBe(false);
});

test("why a model fails is told, but not where that could quote a private value", async () => {
  const table = message([1, 3], [2, 1], [8, "table"], [9, new Uint8Array(12)]);
  const int64 = (name: string): Field => [11, [[1, name], [2, [[1, [[1, 7], [2, [[1, [[2, "n"]]], [1, [[1, 1]]]]]]]]]]];
  const value: Field = [12, [[1, "value"], [2, [[1, [[1, 1], [2, [[1, [[2, "n"]]], [1, [[1, 1]]]]]]]]]]];
  const bytes = message([1, 8], [8, [[1, ""], [2, 17]]], [7, [[1, [[1, "table"], [1, "x"], [2, "value"], [4, "Gather"]]], [2, "g"], [5, table], int64("x"), value]]);
  const path = join(mkdtempSync(join(tmpdir(), "relearn-gather-")), "gather.onnx");
  writeFileSync(path, bytes);
  const said = async (column: Column): Promise<string> => {
    const columns = [{ name: "x", column }];
    const one = await startModelProcess({ path, golden: null, contract: { model: "gather", v: 1, digest: createHash("sha256").update(bytes).digest("hex"), columns, inputs: columns.map(inputOf), task: "regression", classes: null } });
    started.push(one);
    return one.score({ rows: 1, columns: [BigInt64Array.of(987_654_321n)] }, soon()).then(String, (error: Error) => error.message);
  };
  expect(await said({ type: "integer", feature: true })).toMatch(/idx=987654321/);
  expect(await said({ type: "integer", feature: true, private: true })).toMatch(/^the model failed on these rows/);
});

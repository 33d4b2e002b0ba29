import { expect, test } from "vitest";
import type { InputBatch } from "../../inference/contract.ts";
import { type BatchLimits, microBatcher } from "../../inference/micro-batcher.ts";

const usual: BatchLimits = { maxRows: 8, pieceRows: 100, queueRows: 50, inFlight: 1, scoreMs: 1_000 };
const rows = (...values: number[]): InputBatch => ({ rows: values.length, columns: [Float32Array.from(values)] });
const soon = (ms = 5_000): number => performance.now() + ms;
const turn = () => new Promise(setImmediate);

/** A batcher whose process is the test: what was sent lies in `sent`, and `answer` gives back the rows' own values. */
function staged(limits: Partial<BatchLimits> = {}) {
  const sent: { readonly id: number; readonly values: number[] }[] = [];
  const hung: string[] = [];
  const batcher = microBatcher({
    title: "version 1 of flights", width: 1, limits: { ...usual, ...limits }, onHang: ({ message }) => hung.push(message),
    send: (id, _, batches) => void sent.push({ id, values: batches.flatMap(({ columns }) => [...(columns[0] as Float32Array)]) }),
  });
  const answer = (failure: { type: string | null; message: string } | null = null): number[] => {
    const { id, values } = sent.shift()!;
    batcher.reply({ id, rows: failure === null ? values.length : 0, ms: 1, scores: failure === null ? Float32Array.from(values) : null, failure });
    return values;
  };
  return { batcher, sent, hung, answer };
}

test("an idle process gets a request at once; while it is busy requests gather, up to the most rows that are run together", async () => {
  const { batcher, sent, answer } = staged();
  const scores = [1, 2, 3, 4].map((value) => batcher.score(rows(value, value), soon()));
  await turn();
  expect(sent.map(({ values }) => values)).toEqual([[1, 1, 2, 2, 3, 3, 4, 4]]);
  const more = [[5], [6, 6, 6, 6, 6, 6, 6], [7], Array.from({ length: 11 }, () => 8), [9]].map((values) => batcher.score(rows(...values), soon()));
  await turn();
  expect(sent).toHaveLength(1);
  const batches: number[][] = [];
  while (sent.length > 0) {
    batches.push(answer());
    await turn();
  }
  expect(batches.slice(1).map((values) => values.join(""))).toEqual(["56666666", "7", "88888888888", "9"]);
  expect((await Promise.all([...scores, ...more])).map(({ scores: own }) => [...own].join(""))).toEqual(["11", "22", "33", "44", "5", "6666666", "7", "88888888888", "9"]);
  expect(batcher.pending).toBe(0);
});

test("who waits no longer is answered, and never sent", async () => {
  const { batcher, sent, answer } = staged();
  const first = batcher.score(rows(1), soon());
  await turn();
  const late = batcher.score(rows(2), soon(5));
  await expect(late).rejects.toMatchObject({ type: "InferenceLimit" });
  const third = batcher.score(rows(3), soon());
  expect(answer()).toEqual([1]);
  await turn();
  expect(answer()).toEqual([3]);
  await Promise.all([first, third]);
  expect(batcher.pending).toBe(0);
  expect(sent).toEqual([]);
});

test("among callers whose rows fail together the guilty one is found by halves, and only that one is failed", async () => {
  const { batcher, sent, answer } = staged({ maxRows: 64, queueRows: 64 });
  const guilty = 37;
  const asked = Array.from({ length: 64 }, (_, i) => batcher.score(rows(i), soon()).then(({ scores }) => scores[0], ({ message }: Error) => message));
  await turn();
  const runs: number[] = [];
  while (sent.length > 0) {
    const failure = sent[0]!.values.includes(guilty) ? { type: "ModelRefused", message: "it cannot run" } : null;
    runs.push(answer(failure).length);
    await turn();
  }
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 64 }, (_, i) => (i === guilty ? "it cannot run" : i)));
  expect(runs.toSorted((a, b) => b - a)).toEqual([64, 32, 32, 16, 16, 8, 8, 4, 4, 2, 2, 1, 1]);
});

test("whoever waits no longer is left out of the halves, and nobody else comes into them", async () => {
  const { batcher, sent, answer } = staged();
  const failure = { type: "ModelRefused", message: "it cannot run" };
  const asked = [soon(), soon(15), soon(), soon()].map((deadline, i) => batcher.score(rows(i), deadline).then(({ scores }) => scores[0], ({ type }: { type: string }) => type));
  await turn();
  const newcomer = batcher.score(rows(9), soon());
  expect(await asked[1]).toBe("InferenceLimit");
  const runs: number[][] = [];
  for (; sent.length > 0; await turn()) runs.push(answer(sent[0]!.values.includes(3) ? failure : null));
  expect(runs).toEqual([[0, 1, 2, 3], [0], [2, 3], [2], [3], [9]]);
  expect(await Promise.all(asked)).toEqual([0, "InferenceLimit", 2, "ModelRefused"]);
  expect((await newcomer).scores[0]).toBe(9);
});

test("a process that takes too long counts as hung, and so does one that answers what nobody asked", async () => {
  const slow = staged({ scoreMs: 20 });
  const waiting = slow.batcher.score(rows(1), soon()).catch((error: Error) => error.message);
  await expect.poll(() => slow.hung).toEqual([expect.stringContaining("did not answer within 0.02 s")]);
  slow.batcher.fail(new Error("it was ended"));
  expect(await waiting).toBe("it was ended");
  await expect(slow.batcher.score(rows(1), soon())).rejects.toThrow("it was ended");

  const wild = staged();
  void wild.batcher.score(rows(1), soon()).catch(() => undefined);
  await turn();
  wild.batcher.reply({ id: 99, rows: 1, ms: 0, scores: Float32Array.of(1), failure: null });
  wild.batcher.reply({ id: wild.sent[0]!.id, rows: 1, ms: 0, scores: Float32Array.of(1, 2), failure: null });
  expect(wild.hung).toEqual([expect.stringContaining("fits no question"), expect.stringContaining("fits no question")]);
  wild.batcher.fail(new Error("it was ended"));
});

import { readdirSync } from "node:fs";
import { request } from "node:http";
import { afterAll, expect, it } from "vitest";
import { bodyThread } from "../../serving/http/body-thread.ts";
import { bodyReaders, type BodyKind, type By } from "../../serving/http/body-readers.ts";
import { defaultLimits } from "../../serving/http/limits.ts";
import { readBodies } from "../../serving/http/read-bodies.ts";
import { contractOf, everyColumn, everyRow } from "./fake-models.ts";
import { openServer } from "./open-server.ts";

const contract = contractOf(everyColumn);
const by = { contract, extras: ["consent"] };
const rowsText = (rows: number): string => JSON.stringify({ instances: Array.from({ length: rows }, (_, i) => ({ ...everyRow, note: `späť ${i}`, consent: i % 2 === 0 })), parameters: { key: "k" } });
const thread = bodyThread();
afterAll(() => thread.close());
const inThread = <K extends BodyKind>(kind: K, text: string | Buffer, by: By<K>) => thread.read(kind, Buffer.from(text), by, defaultLimits);

it("a thread reads what is read at once, value for value", async () => {
  expect(await inThread("rows", rowsText(3), by)).toEqual(bodyReaders.rows(Buffer.from(rowsText(3)), by, defaultLimits));
  const one = contractOf({ place: { type: "embedding", size: 3 } });
  const json = JSON.stringify({ inputs: [{ name: "place", datatype: "FP32", shape: [1, 3], parameters: { binary_data_size: 12 } }] });
  const binary = Buffer.concat([Buffer.from(json), Buffer.from(Float32Array.of(1, 2, 3).buffer)]);
  const inferBy = { contract: one, extras: [], jsonBytes: Buffer.byteLength(json) };
  expect(await inThread("infer", binary, inferBy)).toEqual(bodyReaders.infer(binary, inferBy, defaultLimits));
  const items = JSON.stringify({ items: [{ prediction_id: "p-1", label: "1" }] });
  expect(await inThread("feedback", items, null)).toEqual(bodyReaders.feedback(Buffer.from(items), null, defaultLimits));
});

it("a thread refuses what is refused at once, with the same words, and goes on", async () => {
  const spoilt = ["{", '{"instances":[]}', '{"__proto__":1}', '{"a":1,"a":2}', JSON.stringify({ instances: [{ ...everyRow, hour: "x" }] })];
  for (const text of spoilt) {
    const said = await Promise.resolve().then(() => bodyReaders.rows(Buffer.from(text), by, defaultLimits)).catch((error: Error) => error);
    await expect(inThread("rows", text, by)).rejects.toMatchObject({ type: "InvalidInput", message: (said as Error).message });
  }
  expect((await inThread("rows", rowsText(2), by)).batch.rows).toBe(2);
});

it("only large bodies leave the thread that serves", async () => {
  const read: number[] = [];
  const bodies = readBodies(defaultLimits, { read: (_, body) => (read.push(body.length), Promise.reject(new Error("it went to the thread"))), close: () => Promise.resolve() });
  const [small, large] = [Buffer.from(rowsText(1)), Buffer.from(rowsText(1000))];
  expect(bodies.read("rows", small, by)).not.toBeInstanceOf(Promise);
  await expect(bodies.read("rows", large, by)).rejects.toThrow("it went to the thread");
  expect(read).toEqual([large.length]);
});

it("who waits for a thread that was ended is told, and the next body starts another", async () => {
  const doomed = bodyThread();
  const waiting = expect(doomed.read("rows", Buffer.from(rowsText(5_000)), by, defaultLimits)).rejects.toMatchObject({ type: "NotReady" });
  await doomed.close();
  await waiting;
  expect((await doomed.read("rows", Buffer.from(rowsText(2)), by, defaultLimits)).batch.rows).toBe(2);
  await doomed.close();
});

it("a thread that nobody asks is ended, with the memory it holds, and the next body starts another", async () => {
  const threads = () => readdirSync("/proc/self/task").length;
  const resting = bodyThread(50);
  const before = threads();
  const readTwo = async () => expect((await resting.read("rows", Buffer.from(rowsText(2)), by, defaultLimits)).batch.rows).toBe(2);
  await readTwo();
  expect(threads()).toBeGreaterThan(before);
  await expect.poll(threads, { timeout: 5_000 }).toBeLessThanOrEqual(before);
  await Promise.all([readTwo(), readTwo()]);
  await resting.close();
});

it("while a body of the most bytes is read, others are answered", async () => {
  const server = await openServer();
  const live = async (): Promise<number> => (await fetch(`${server.url}/v2/health/live`)).status;
  const post = (body: string) => new Promise<number | undefined>((resolve, reject) => {
    const sent = request(`${server.url}/v1/models/flights:predict`, { method: "POST" }, (response) => response.resume().on("end", () => resolve(response.statusCode)));
    sent.on("error", reject).end(body);
  });
  const body = rowsText(10_000).padEnd(defaultLimits.bodyBytes - 20_000);
  expect(await post(body)).toBe(200);
  let [answered, done] = [0, false];
  const large = post(body).finally(() => (done = true));
  for (; !done; answered++) expect(await live()).toBe(200);
  expect(await large).toBe(200);
  // Read on the thread that serves, it would keep all but the few out that came before it was whole.
  expect(answered).toBeGreaterThan(10);
  await server.close();
});

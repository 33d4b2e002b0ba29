import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ensureServer } from "../../cli/support/server-process.ts";
import { logFile, stopOwned } from "../../infra/owned-processes.ts";
import type { Settings } from "../../schemas/settings.ts";
import { openRegistry } from "../../stores/registry.ts";
import { listReplicas } from "../../stores/replicas.ts";
import { ensureSigningKey } from "../../stores/signing.ts";
import { openStores, type Stores } from "../../workers/connect.ts";
import { residentBytes } from "../support/resident-bytes.ts";
import { craftModel, externalTensor } from "../support/onnx-writer.ts";
import { testSettings } from "../support/settings.ts";
import { identityModel, publishVersion } from "./publish-version.ts";
import { connected, rawRequest } from "./raw-request.ts";

/** The process that `relearn up` starts, with a real model: what it is sent here, anybody on this machine could. */
const model = "rides";
const path = `/v1/models/${model}:predict`;
let settings: Settings;
let stores: Stores;
let server: { readonly url: string; readonly pid: number };

const post = async (to: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
  const reply = await fetch(server.url + to, { method: "POST", headers, body });
  return { status: reply.status, text: await reply.text() };
};
/** Another caller, who gets an answer whatever happens. */
const answers = async (): Promise<void> => expect(JSON.parse((await post(path, '{"instances":[{"x":7}]}')).text)).toMatchObject({ predictions: [{ value: 7 }] });
const live = async (): Promise<void> => expect((await fetch(`${server.url}/v2/health/live`)).status).toBe(200);

beforeAll(async () => {
  settings = await testSettings("attacked");
  stores = openStores(settings);
  await publishVersion(stores.store, model, identityModel("one"), await ensureSigningKey(settings.home), "one");
  server = await ensureServer(settings, { PATH: process.env["PATH"] }, AbortSignal.timeout(60_000), "with-this-process");
  await vi.waitFor(answers, { timeout: 30_000, interval: 50 });
}, 90_000);
afterAll(async () => {
  await stopOwned(settings.home, { names: ["server"] });
  stores.close();
  rmSync(settings.home, { recursive: true, force: true });
});

it.skipIf(process.platform !== "linux")("it listens on one port, on this machine only, and its children on none (as Linux says in /proc)", () => {
  const pids = [server.pid, ...childrenOf(server.pid)];
  expect(pids.length).toBeGreaterThan(1);
  expect(pids.flatMap(listenersOf)).toEqual([`127.0.0.1:${new URL(server.url).port}`]);
});

it("no address that a request names is fetched", async () => {
  let hits = 0;
  const canary = createServer((_, reply) => reply.end(String(hits++))).listen(0, "127.0.0.1");
  await new Promise((resolve) => canary.once("listening", resolve));
  const { port } = canary.address() as AddressInfo;
  const hosts = ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "127.0.0.1.nip.io", "user@127.0.0.1"];
  const urls = hosts.flatMap((host) => ["http", "https", "s3", "file", "gopher", "//"].map((scheme) => (scheme === "//" ? `//${host}:${port}/` : `${scheme}://${host}:${port}/`)));
  expect(urls).toHaveLength(60);
  for (const url of urls) {
    const asked = [
      [path, { instances: [{ x: url }] }], [path, { instances: [{ x: 1, [url]: 1 }] }], [`/invocations?model=${encodeURIComponent(url)}`, {}], [path, { instances: [{ x: 7 }], parameters: { key: url, url } }],
      [`/v2/models/${model}/infer`, { inputs: [{ name: url, datatype: "FP32", shape: [1], data: [1] }] }], [`/v2/models/${model}/infer`, { model: url, inputs: [{ name: "x", datatype: url, shape: [1], data: [1] }] }],
      ["/v1/feedback", { items: [{ prediction_id: url, label: url }] }],
    ] as const;
    const statuses = await Promise.all(asked.map(async ([to, body]) => (await post(to, JSON.stringify(body))).status));
    // An unknown parameter is nobody's, and feedback is judged item by item.
    expect(statuses, url).toEqual([400, 400, 404, 200, 400, 400, 200]);
  }
  expect((await rawRequest(server.url, [`GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`])).status).toBe(404);
  canary.close();
  expect(hits).toBe(0);
});

it("bombs, floods and slow callers are refused while others are answered, and its memory stays where it was", async () => {
  const member = gzipSync(Buffer.alloc(2 ** 20));
  const bomb = Buffer.concat(new Array<Uint8Array>(10_000).fill(member));
  const [most, half] = [16 * 2 ** 20 - 1, 2 ** 19];
  const hostile: readonly (readonly [what: string, send: () => Promise<{ readonly status: number }>, status: number])[] = [
    ["ten megabytes of gzip that are ten gigabytes", () => post(path, bomb, { "content-encoding": "gzip" }), 413],
    ["a bomb of JSON's own size", () => post(path, gzipSync(Buffer.alloc(most, "[")), { "content-encoding": "gzip" }), 413],
    ["brackets", () => post(path, "[".repeat(most)), 400], ["names", () => post(path, `{${'"a":1,'.repeat(half)}"b":1}`), 400], ["escapes", () => post(path, `["${"\\u0000".repeat(half)}"]`), 400],
    ["numbers", () => post(path, `[${"1e308,".repeat(half)}1]`), 400], ["elements", () => post(path, `[${"0,".repeat(2_100_000)}0]`), 400],
    ["a shape of 10^18 values", () => post(`/v2/models/${model}/infer`, '{"inputs":[{"name":"x","datatype":"FP32","shape":[1000000000,1000000000],"data":[1]}]}'), 400],
    ["a shape of 10^9 rows", () => post(`/v2/models/${model}/infer`, '{"inputs":[{"name":"x","datatype":"FP32","shape":[1000000000,1],"parameters":{"binary_data_size":0}}]}', { "inference-header-content-length": "101" }), 400],
    ["two gigabytes that never come", () => rawRequest(server.url, [`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2147483648\r\n\r\n`]), 413],
    ["chunks without end", () => rawRequest(server.url, [`POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`, ...new Array<string>(300).fill(`10000\r\n${"x".repeat(65_536)}\r\n`)]), 413],
  ];
  const slow = await Promise.all(Array.from({ length: 500 }, () => connected(server.url)));
  for (const [i, socket] of slow.entries()) socket.on("error", () => undefined).write(i % 2 === 0 ? `POST ${path} HTTP/1.1\r\nHost: localhost\r\nX: ` : `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{`);
  const once = async (): Promise<void> => {
    for (const [what, send, status] of hostile) {
      const [refused] = await Promise.all([send(), answers(), live()]);
      expect(refused.status, what).toBe(status);
    }
  };
  await once();
  const before = residentBytes(server.pid);
  for (let i = 0; i < 3; i++) await once();
  for (const socket of slow) socket.destroy();
  expect(residentBytes(server.pid) - before).toBeLessThan(100 * 2 ** 20);
  await answers();
}, 120_000);

it("what is said of a failure names no place, no key and no code", async () => {
  const { accessKeyId, secretAccessKey } = settings.s3.credentials!;
  const secrets = [settings.home, accessKeyId, secretAccessKey, "node:", "dist/", "blobs/", "s3://", ".ts", "    at "];
  const replies = await Promise.all([
    post(path, "{"), post(path, "null"), post("/nowhere", "{}"), post(`/v2/models/${model}/versions/9/infer`, "{}"), post("/invocations?model=../../etc/passwd", "{}"), post(path, '{"__proto__":{}}'), post("/v1/feedback", '{"items":7}'),
    post(path, "x", { "content-encoding": "gzip" }), post(path, "{}", { authorization: "Bearer nobodys" }), post(path, "{}", { origin: "http://evil.example" }), post("/v2/repository/index", "x".repeat(10_000)),
  ]);
  for (const { status, text } of replies) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(Object.keys(JSON.parse(text) as object)).toEqual(["error"]);
    for (const secret of secrets) expect(text).not.toContain(secret);
  }
  const log = readFileSync(logFile(settings.home, "server"), "utf8");
  expect(log).toContain('"listening"');
  for (const secret of [accessKeyId, secretAccessKey]) expect(log).not.toContain(secret);
});

it("hostile versions that were signed and promoted never answer, and the process lives on with the good one", async () => {
  const key = await ensureSigningKey(settings.home);
  const hostile = {
    "data outside": craftModel({ graph: [[5, externalTensor("/etc/hostname")]] }), "rows mixed": craftModel({ node: [[4, "Softmax"], [5, [[1, "axis"], [3, 0], [20, 2]]]] }), "custom operators": craftModel({ node: [[7, "evil.example"]] }),
    "no model": Buffer.from("\x80\x04cos\nsystem\n"), "other inputs": craftModel({ graph: [[11, [[1, "y"], [2, [[1, [[1, 1]]]]]]]] }),
  };
  for (const [name, bytes] of Object.entries(hostile)) {
    const v = await publishVersion(stores.store, model, bytes, key, name);
    await expect.poll(async () => (await listReplicas(stores.store, model, Date.now())).flatMap(({ failed }) => failed).find((one) => one.v === v)?.reason, { timeout: 20_000, message: name }).toContain("refused");
    await answers();
    expect(JSON.parse((await post(path, '{"instances":[{"x":7}]}')).text)).toMatchObject({ model_version: "1" });
  }
  expect(await (await fetch(`${server.url}/v2/models/${model}/ready`)).json()).toMatchObject({ ready: true, instead_of: String((await openRegistry(stores.store, model).champion())!.v) });
  expect(readlinkSync(`/proc/${server.pid}/exe`)).toBe(process.execPath);
}, 120_000);

const childrenOf = (pid: number): number[] => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);

/** Addresses that a process listens on, by the sockets among its open files. */
function listenersOf(pid: number): string[] {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1] ?? []));
  return ["tcp", "tcp6"].flatMap((kind) => readFileSync(`/proc/${pid}/net/${kind}`, "utf8").split("\n").slice(1).flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === "0A" && own.has(inode!) ? [addressOf(local!)] : [];
  }));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** Of IPv4, as the kernel writes it: bytes in reverse, in hex. */
function addressOf(text: string): string {
  const [address, port] = text.split(":") as [string, string];
  return `${address.length === 8 ? [...Buffer.from(address, "hex").reverse()].join(".") : address}:${Number.parseInt(port, 16)}`;
}

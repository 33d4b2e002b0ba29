import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SecureContextOptions } from "node:tls";
import { Client, Connection } from "@temporalio/client";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, expect, inject, test } from "vitest";
import { freePorts } from "../../infra/free-ports.ts";
import { startStack, stopStack } from "../../infra/local-stack.ts";
import { listOwned } from "../../infra/owned-processes.ts";
import { loadSettings, type Settings } from "../../schemas/settings.ts";
import { openStores } from "../../workers/connect.ts";

const home = mkdtempSync(join(tmpdir(), "relearn-stack-"));
const load = (env: Record<string, string> = {}): Settings => loadSettings({ RELEARN_HOME: home, ...env });
afterAll(async () => {
  await stopStack({ home }, { graceMs: 0 });
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

const objects = ({ s3 }: Settings): S3Client => new S3Client({ endpoint: s3.endpoint!, region: s3.region, forcePathStyle: true, credentials: { ...s3.credentials! } as never });

/** `grpc-status` of a call with an empty message; "refused" where nobody takes it. */
function grpcStatus(address: string, method: string, tls: SecureContextOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const session = connect(address, tls).on("error", () => resolve("refused"));
    const call = session.request({ ":method": "POST", ":path": method, "content-type": "application/grpc", te: "trailers" });
    call.on("error", () => resolve("refused")).on("close", () => resolve("refused"));
    const told = (headers: IncomingHttpHeaders): void => void (headers["grpc-status"] !== undefined && resolve(String(headers["grpc-status"])));
    call.on("response", told).on("trailers", told).on("end", () => session.close()).resume().end(Buffer.alloc(5));
  });
}

test("two calls at once start one stack; what it holds is there after stop and start, on the same ports", { timeout: 120_000 }, async () => {
  const [one, two] = await Promise.all([startStack(load()), startStack(load())]);
  expect(one.stack).toEqual(two.stack);
  expect(listOwned(home).map(({ name }) => name).sort()).toEqual(["s3", "temporal"]);
  expect(load()).toEqual(one.settings);
  expect(["stack.json", "processes.json", "s3-credentials.json", "s3-identities.json", "s3-key.pem"].map((name) => statSync(join(home, name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600, 0o600, 0o600]);

  await objects(one.settings).send(new PutObjectCommand({ Bucket: one.settings.s3.bucket, Key: "kept", Body: "still here" }));
  const connection = await Connection.connect({ address: one.stack.temporal.address });
  await new Client({ connection }).workflow.start("anything", { taskQueue: "nobody", workflowId: "kept" });
  await connection.close();

  const stores = openStores(load());
  expect(Buffer.from((await stores.store.get("kept"))!.body).toString()).toBe("still here");
  stores.close();
  const behind = (port: string, path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${(JSON.parse(readFileSync(join(home, "ports.json"), "utf8")) as Record<string, number>)[port]}${path}`, init).then(({ status }) => status);
  const kept = `/buckets/${one.settings.s3.bucket}/kept`;
  expect(await Promise.all([behind("s3Filer", kept), behind("s3Filer", kept, { method: "PUT", body: "forged" }), behind("s3Filer", kept, { method: "DELETE" })])).toEqual([404, 404, 404]);
  const { bucket } = one.settings.s3;
  for (const path of [`/col/delete?collection=${bucket}`, "/dir/assign", "/dir/status", "/vol/grow?count=1", "/vol/vacuum", "/submit"]) expect(await behind("s3Master", path, { method: path === "/submit" ? "POST" : "GET" }), path).toBe(404);
  for (const [path, method] of [["/1,01637037d6", "GET"], ["/1,01637037d6", "DELETE"], ["/admin/delete_collection", "GET"]] as const) expect(await behind("s3Volume", path, { method }), path).toBe(401);
  const ports3 = JSON.parse(readFileSync(join(home, "ports.json"), "utf8")) as Record<string, number>;
  const [cert, key] = ["s3-certificate.pem", "s3-key.pem"].map((name) => readFileSync(join(home, name)));
  for (const [port, method] of [["s3FilerGrpc", "/filer_pb.SeaweedFiler/GetFilerConfiguration"], ["s3MasterGrpc", "/master_pb.Seaweed/VolumeList"], ["s3VolumeGrpc", "/volume_server_pb.VolumeServer/VolumeServerStatus"]] as const) {
    const calls = [grpcStatus(`http://127.0.0.1:${ports3[port]}`, method), grpcStatus(`https://127.0.0.1:${ports3[port]}`, method, { ca: cert }), grpcStatus(`https://127.0.0.1:${ports3[port]}`, method, { ca: cert, cert, key })];
    expect(await Promise.all(calls), port).toEqual(["refused", "refused", "0"]);
  }
  expect(await behind("temporalHttp", "/api/v1/namespaces/default/workflows/kept/signal/approve", { method: "POST", body: "{}", headers: { "content-type": "text/plain" } })).toBe(403);

  expect([...(await stopStack(load()))].sort()).toEqual(["s3", "temporal"]);
  expect([load().temporal.address, await stopStack(load())]).toEqual([null, []]);
  const ports = Object.values(JSON.parse(readFileSync(join(home, "ports.json"), "utf8")) as Record<string, number>);
  expect(readdirSync("/tmp").filter((name) => name.endsWith(".sock") && ports.some((port) => name.includes(`-${port}.`)))).toEqual([]);

  const again = await startStack(load());
  expect(again.stack).toEqual(one.stack);
  const read = await objects(again.settings).send(new GetObjectCommand({ Bucket: again.settings.s3.bucket, Key: "kept" }));
  expect(await read.Body!.transformToString()).toBe("still here");
  const second = await Connection.connect({ address: again.stack.temporal.address });
  expect((await new Client({ connection: second }).workflow.getHandle("kept").describe()).status.name).toBe("RUNNING");
  await second.close();
});

test("a server that was killed is started again, one that runs is kept", { timeout: 60_000 }, async () => {
  const before = listOwned(home);
  process.kill(before.find(({ name }) => name === "temporal")!.pid, "SIGKILL");
  await startStack(load());
  const pids = (list: typeof before): Record<string, number> => Object.fromEntries(list.map(({ name, pid }) => [name, pid]));
  expect(pids(listOwned(home))["s3"]).toBe(pids(before)["s3"]);
  expect(pids(listOwned(home))["temporal"]).not.toBe(pids(before)["temporal"]);
});

test("servers named in the environment are used, and nothing is started or stopped for them", { timeout: 60_000 }, async () => {
  const other = mkdtempSync(join(tmpdir(), "relearn-stack-"));
  const { endpoint, credentials } = inject("s3");
  const settings = loadSettings({ RELEARN_HOME: other, TEMPORAL_ADDRESS: inject("temporal").address, RELEARN_S3_ENDPOINT: endpoint, RELEARN_S3_BUCKET: "given", AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey });
  const { stack } = await startStack(settings);
  expect([stack.temporal.address, stack.s3, listOwned(other), await stopStack(settings)]).toEqual([inject("temporal").address, { endpoint, bucket: "given", region: "us-east-1" }, [], []]);
  rmSync(other, { recursive: true, force: true });
});

test("a named server that refuses or does not answer is told as what it is", { timeout: 60_000 }, async () => {
  const { endpoint } = inject("s3");
  const named = { TEMPORAL_ADDRESS: inject("temporal").address, AWS_ACCESS_KEY_ID: "wrong-key", AWS_SECRET_ACCESS_KEY: "wrong" };
  await expect(startStack(load({ ...named, RELEARN_S3_ENDPOINT: endpoint }))).rejects.toMatchObject({ type: "StoreRefused", message: expect.stringMatching(/refused \(InvalidAccessKeyId.*check RELEARN_S3_ENDPOINT/) });
  const { nobody } = await freePorts(["nobody"]);
  await expect(startStack(load({ ...named, TEMPORAL_ADDRESS: `127.0.0.1:${nobody}` }), { timeoutMs: 1_000 })).rejects.toMatchObject({ type: "TemporalUnavailable", message: expect.stringContaining("check TEMPORAL_ADDRESS") });
});

test("a namespace that is not there is told for a named server, and made on our own", { timeout: 60_000 }, async () => {
  const { endpoint, credentials } = inject("s3");
  const named = { TEMPORAL_ADDRESS: inject("temporal").address, TEMPORAL_NAMESPACE: "nobodys", RELEARN_S3_ENDPOINT: endpoint, AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey };
  await expect(startStack(load(named))).rejects.toMatchObject({ type: "TemporalUnavailable", message: expect.stringMatching(/"nobodys", refused \(.*not found.*temporal operator namespace create/) });
  const { stack } = await startStack(load({ TEMPORAL_NAMESPACE: "team" }));
  expect([stack.temporal.namespace, load().temporal.namespace]).toEqual(["team", "team"]);
});

test("a server that cannot start says so at once, with the end of its log", { timeout: 60_000 }, async () => {
  const broken = mkdtempSync(join(tmpdir(), "relearn-stack-"));
  writeFileSync(join(broken, "temporal.sqlite"), "this is no database, and long enough to be seen as none by whoever opens it".repeat(20));
  const began = Date.now();
  const settings = loadSettings({ RELEARN_HOME: broken });
  await expect(startStack(settings)).rejects.toMatchObject({ type: "SetupIncomplete", message: expect.stringMatching(/temporal ended while it was starting; the end of .*temporal\.log/) });
  expect(Date.now() - began).toBeLessThan(20_000);
  await stopStack(settings, { graceMs: 0 });
  rmSync(broken, { recursive: true, force: true });
});

test("a port that somebody holds is not chosen", async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const { port } = holder.address() as { port: number };
  const ports = await freePorts(["one", "two"], { one: port, two: port });
  expect([ports.one === port, ports.one === ports.two]).toEqual([false, false]);
  await new Promise((resolve) => holder.close(resolve));
});

import type { KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePorts } from "../../infra/free-ports.ts";
import type { Settings } from "../../schemas/settings.ts";
import { loadServerSettings, openServer } from "../../serving/open-server.ts";
import type { RunningServer } from "../../serving/serve.ts";
import { blobKey, putBlob } from "../../stores/blobs.ts";
import { openRegistry, type Registry } from "../../stores/registry.ts";
import { listReplicas } from "../../stores/replicas.ts";
import { ensureSigningKey, publicKeyOf } from "../../stores/signing.ts";
import { openStores, type Stores } from "../../workers/connect.ts";
import { relearn, relearnAtTerminal } from "../cli/harness.ts";
import { startFaultProxy, type FaultProxy } from "../support/fault-proxy.ts";
import { testSettings } from "../support/settings.ts";
import { actor, approveVersion, identityModel, promoteVersion, publishVersion, registerVersion } from "./publish-version.ts";

const model = "rides";
const wait = { timeout: 20_000, interval: 5 };
const homes = [mkdtempSync(join(tmpdir(), "relearn-replica-")), mkdtempSync(join(tmpdir(), "relearn-replica-"))];
let settings: Settings;
let key: KeyObject;
let stores: Stores;
let registry: Registry;
let proxy: FaultProxy;
let ports: Record<"first" | "second", number>;
let servers: (RunningServer | null)[] = [];

const open = async (i: number): Promise<RunningServer> => {
  const proxied: Settings = { ...settings, home: homes[i]!, s3: { ...settings.s3, endpoint: proxy.endpoint } };
  return (servers[i] = await openServer(proxied, loadServerSettings({ RELEARN_SERVE_PORT: String([ports.first, ports.second][i]), RELEARN_TRUST_KEYS: publicKeyOf(key) }), pino({ level: "silent" })));
};
const closeOne = async (i: number): Promise<void> => {
  await servers[i]?.close();
  servers[i] = null;
};

interface Reply { readonly predictions: readonly { readonly value: number }[]; readonly model_version: string; readonly digest: string }
const ask = async (i = 0, x = 7): Promise<Reply> => {
  const reply = await fetch(`${servers[i]!.url}/v1/models/${model}:predict`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ instances: [{ x }] }) });
  const body = (await reply.json()) as Reply & { error?: string };
  if (!reply.ok) throw new Error(`${reply.status} ${body.error}`);
  return body;
};
const answers = (v: number, i = 0) => vi.waitFor(async () => expect(await ask(i)).toMatchObject({ model_version: String(v), predictions: [{ value: 7 }] }), wait);

beforeAll(async () => {
  settings = await testSettings("serve");
  ports = await freePorts(["first", "second"]);
  key = await ensureSigningKey(settings.home);
  stores = openStores(settings);
  registry = openRegistry(stores.store, model);
  proxy = await startFaultProxy(settings.s3.endpoint!);
  await publishVersion(stores.store, model, identityModel("one"), key, "one");
  await Promise.all([open(0), open(1)]);
});
afterAll(async () => {
  await Promise.all(servers.flatMap((server) => (server === null ? [] : [server.close()])));
  await proxy.close();
  stores.close();
  for (const home of [...homes, settings.home]) rmSync(home, { recursive: true, force: true });
});

test("every replica answers with what was promoted, soon after, and with the version before at once after a rollback", async () => {
  await Promise.all([answers(1, 0), answers(1, 1)]);
  const v = await registerVersion(stores.store, model, identityModel("two"), key, "two");
  await approveVersion(registry, v);
  await promoteVersion(registry, v);
  const promoted = performance.now();
  await Promise.all([answers(2, 0), answers(2, 1)]);
  const taken = performance.now() - promoted;
  await registry.rollback({ txn: "back", actor, reason: "" });
  const rolledBack = performance.now();
  await Promise.all([answers(1, 0), answers(1, 1)]);
  const back = performance.now() - rolledBack;
  console.log(`promote to the last of 2 replicas' first new answer: ${taken.toFixed(0)} ms; rollback: ${back.toFixed(0)} ms`);
  expect(taken).toBeLessThan(10_000);
  expect(back).toBeLessThan(5_000);
  await vi.waitFor(async () => expect(await listReplicas(stores.store, model, Date.now())).toMatchObject([{ champion: { v: 1 }, pinned: null, failed: [] }, { champion: { v: 1 } }]), wait);
  await closeOne(1);
  expect(await listReplicas(stores.store, model, Date.now())).toHaveLength(1);
});

test("with S3 gone it goes on, begins again from its disk, and catches up when S3 is back", async () => {
  proxy.fault = () => ({ kind: "drop" });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await answers(1);
  await closeOne(0);
  await open(0);
  await answers(1);
  proxy.fault = () => null;
  await publishVersion(stores.store, model, identityModel("three"), key, "three");
  await answers(3);
});

test("a version that is pinned on this host answers until the log decides anew", async () => {
  proxy.fault = () => ({ kind: "drop" });
  const began = performance.now();
  const saying = relearn({ PATH: process.env["PATH"], RELEARN_HOME: homes[0] }, "rollback", model, "--local", "--reason", "worse", "--by", "ann", "--json");
  await answers(1);
  console.log(`relearn rollback --local to the first answer of the version before: ${(performance.now() - began).toFixed(0)} ms`);
  expect(await (await fetch(`${servers[0]!.url}/metrics`)).text()).toContain(`relearn_model_pinned{model="${model}"} 1`);
  proxy.fault = () => null;
  await vi.waitFor(async () => expect(await listReplicas(stores.store, model, Date.now())).toMatchObject([{ champion: { v: 1 }, pinned: { v: 1, reason: "worse", by: "ann" } }]), wait);
  const said = await saying;
  expect([said.exitCode, said.json()]).toEqual([0, expect.objectContaining({ v: 1, pinned: true, entry: null })]);
  await publishVersion(stores.store, model, identityModel("four"), key, "four");
  await answers(4);
  expect(servers[0]!.models.find(model)!.status().pinned).toBeNull();
});

test("a champion whose bytes are not those that were judged is not served, and the old one goes on", async () => {
  const v = await registerVersion(stores.store, model, identityModel("five"), key, "five");
  await approveVersion(registry, v);
  const { model: file } = (await registry.version(v))!;
  await stores.store.put(blobKey(file.sha256), new Uint8Array(file.bytes));
  await promoteVersion(registry, v);
  await vi.waitFor(async () => expect(await listReplicas(stores.store, model, Date.now())).toMatchObject([{ champion: { v: 4 }, failed: [{ v: 5, reason: expect.stringContaining("other bytes") }] }]), wait);
  await answers(4);
  await stores.store.remove(blobKey(file.sha256));
  await putBlob(stores.store, identityModel("five"));
  await answers(5);
});

test("a model's process that is killed is replaced, and this one is unhurt", async () => {
  const served = servers[0]!.models.find(model)!;
  await answers(5);
  const { execFileSync } = await import("node:child_process");
  const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" }).split("\n").filter((line) => line.includes("model-child")).map((line) => Number(line.trim().split(" ")[0]));
  expect(children.length).toBeGreaterThan(0);
  for (const pid of children) process.kill(pid, "SIGKILL");
  await vi.waitFor(() => expect(served.status().ready).toBe(false), wait);
  const began = performance.now();
  await answers(5);
  console.log(`all model processes killed; answers again after ${(performance.now() - began).toFixed(0)} ms`);
});

test("`relearn serve` answers until it is interrupted, then takes its leave", async () => {
  const { endpoint, bucket, credentials } = settings.s3;
  const env = { PATH: process.env["PATH"], RELEARN_HOME: settings.home, RELEARN_S3_ENDPOINT: endpoint!, RELEARN_S3_BUCKET: bucket, AWS_ACCESS_KEY_ID: credentials!.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials!.secretAccessKey };
  const asked: Promise<number>[] = [];
  const { exitCode, err } = await relearnAtTerminal(env, ["serve", "--port", "0", "--models", model], (text, person) => {
    const url = /serving at (\S+)/.exec(text)?.[1];
    if (url === undefined || asked.length > 0) return;
    asked.push(vi.waitFor(async () => {
      const { status } = await fetch(`${url}/v2/models/${model}/ready`);
      expect(status).toBe(200);
      return (await listReplicas(stores.store, model, Date.now())).length;
    }, wait).finally(() => person.pressesCtrlC()));
  });
  expect({ exitCode, replicas: await Promise.all(asked) }, err).toEqual({ exitCode: 0, replicas: [2] });
  expect((await listReplicas(stores.store, model, Date.now())).map(({ url }) => url)).toEqual([servers[0]!.url]);
});

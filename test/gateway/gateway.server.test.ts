import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { defaultPayloadConverter } from "@temporalio/common";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { openGateway, type RunningGateway } from "../../gateway/open-gateway.ts";
import { temporalRetraining } from "../../gateway/retraining.ts";
import { ensureWebhookToken, webhookTokenFile } from "../../gateway/webhook-token.ts";
import { freePorts } from "../../infra/free-ports.ts";
import type { Trigger } from "../../schemas/cause.ts";
import { listAlarms } from "../../stores/alarms.ts";
import { putRun } from "../../stores/runs.ts";
import { openStores, type Stores } from "../../workers/connect.ts";
import { sampleRun } from "../cli/samples.ts";
import { contractOf } from "../serving/fake-models.ts";
import { openServer, type OpenServer } from "../serving/open-server.ts";
import { calmActivities, eventually, withWorkers } from "../workflows/harness.ts";
import { testSettings } from "../support/settings.ts";
import { definition, post, signed } from "./stage.ts";

/** Nobody works for it: what Temporal has taken stands in the history. */
const pipeline = `hooks-${randomBytes(4).toString("hex")}`;
const settings = { host: "127.0.0.1", port: 0, sendersFile: null, grafanaTimestampHeader: null };
const children: ChildProcess[] = [];
let folder: string;
let token: string;
let stores: Stores;
let connection: Connection;
let client: Client;
let gateway: RunningGateway;
let server: OpenServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "relearn-gateway-"));
  token = await ensureWebhookToken(folder);
  stores = openStores(await testSettings("gateway"));
  await putRun(stores.store, { ...sampleRun, pipeline, run: `${pipeline}/run/${"1".repeat(12)}`, definition });
  connection = await Connection.connect({ address: inject("temporal").address });
  client = new Client({ connection, namespace: inject("temporal").namespace });
  gateway = await openGateway({ settings, token, store: stores.store, retraining: temporalRetraining({ client, connection }, pipeline) });
  server = await openServer({}, {}, [], contractOf({ distance: { type: "number" } }, { model: pipeline }));
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await client.workflow.getHandle(`${pipeline}/retraining`).terminate("the test is over").catch(() => undefined);
  await Promise.all([gateway.close(), server.close()]);
  await connection.close();
  stores.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

/** The causes that Temporal has taken, as its history shows them. */
async function causes(): Promise<Trigger[]> {
  const { events } = await client.workflow.getHandle(`${pipeline}/retraining`).fetchHistory().catch(() => ({ events: [] }));
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => (signal?.signalName === "trigger" ? [defaultPayloadConverter.fromPayload<Trigger>(signal.input!.payloads![0]!)] : []));
}

it("answers 2xx only once Temporal has the cause, the same for each copy, and 503 while it is away", async () => {
  const away = Connection.lazy({ address: `127.0.0.1:${(await freePorts(["temporal"])).temporal}` });
  const cut = await openGateway({ settings, token, store: stores.store, retraining: temporalRetraining({ client: new Client({ connection: away }), connection: away }, pipeline, 300) });
  const send = (to: RunningGateway, n: number) => {
    const body = JSON.stringify({ type: "data.landed", timestamp: "2013-03-01T10:00:00Z", data: { pipeline, message: `delivery ${n}` } });
    return post(to, "/v1/hooks/standard", body, signed(body, { id: `msg_${n}`, at: Math.floor(Date.now() / 1_000), secret: token }));
  };
  const refused = await send(cut, 0);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  await cut.close();
  await away.close();
  expect(await causes()).toEqual([]);

  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => send(gateway, i % 10)));
  expect(answers.map(({ status, body }) => [status, body.workflowId])).toEqual(answers.map(() => [202, `${pipeline}/retraining`]));
  const taken = await causes();
  expect(taken.length).toBe(100);
  expect(new Set(taken.map(({ cause }) => cause.key))).toEqual(new Set(answers.flatMap(({ body }) => body.keys!)));
  expect(new Set(taken.map(({ cause }) => cause.key)).size).toBe(10);
});

it("hands a pipeline's retraining causes that start one run each, and each alarm gets its decision, however many copies come", async () => {
  const [planned, decided]: [string[], string[]] = [[], []];
  const calm = calmActivities({});
  const activities = { ...calm,
    planRun: async (input: Parameters<typeof calm.planRun>[0]) => (planned.push(...input.triggers.map(({ cause }) => cause.key)), calm.planRun(input)),
    recordDecisions: async ({ decisions }: Parameters<typeof calm.recordDecisions>[0]) => void decided.push(...decisions.map(({ alarm }) => alarm)),
  };
  await withWorkers(activities, async ({ client: working, queue, pipeline: served }) => {
    await putRun(stores.store, { ...sampleRun, pipeline: served, run: `${served}/run/${"1".repeat(12)}`, definition });
    const live = await openGateway({ settings, token, store: stores.store, retraining: temporalRetraining({ client: working, connection }, queue) });
    const keys = new Set<string>();
    const copies = Array.from({ length: 60 }, async (_, i) => {
      const body = JSON.stringify({ type: "data.landed", timestamp: "2013-03-01T10:00:00Z", data: { pipeline: served } });
      for (const key of (await post(live, "/v1/hooks/standard", body, signed(body, { id: `msg_${i % 12}`, at: Math.floor(Date.now() / 1_000), secret: token }))).body.keys!) keys.add(key);
    });
    await Promise.all(copies);
    await eventually(() => keys.size === 12 && planned.length >= 12 && decided.length >= 12, "each id has its run and its decision");
    expect(planned.sort()).toEqual([...keys].sort());
    expect(decided.sort()).toEqual([...keys].sort());
    await live.close();
    await working.workflow.getHandle(`${served}/retraining`).terminate("the test is over");
  });
});

const page = readFileSync(join(resolve(import.meta.dirname, "../.."), "docs", "gateway.md"), "utf8");
const [alertmanagerYaml, rulesYaml, prometheusYaml] = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!);

function has(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Each of the page's own times is made short, and each address the one that is meant here. */
function written(name: string, text: string, changes: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  const changed = Object.entries(changes).reduce((before, [from, to]) => {
    expect(before, name).toContain(from);
    return before.replaceAll(from, to);
  }, text);
  writeFileSync(path, changed);
  return path;
}

function started(program: string, ...args: string[]): void {
  children.push(spawn(program, args, { cwd: folder, stdio: "ignore" }));
}

const missing = ["prometheus", "prometheus-alertmanager"].filter((program) => !has(program));

it.skipIf(missing.length > 0)(`is told by a real Prometheus and a real Alertmanager that predictions fail${missing.length > 0 ? ` (skipped: ${missing.join(" and ")} not installed)` : ""}`, async () => {
  const ports = await freePorts(["prometheus", "alertmanager"]);
  const alertmanager = written("alertmanager.yml", alertmanagerYaml!, { "group_wait: 10s": "group_wait: 0s", "group_interval: 1m": "group_interval: 1s", "http://127.0.0.1:8090": gateway.url, ".relearn/keys/webhook-token": webhookTokenFile(folder) });
  written("rules.yml", rulesYaml!, { "[5m]": "[5s]", "for: 2m": "for: 0s" });
  const prometheus = written("prometheus.yml", prometheusYaml!, { "interval: 15s": "interval: 500ms", "127.0.0.1:9093": `127.0.0.1:${ports.alertmanager}`, "127.0.0.1:8080": new URL(server.url).host });
  mkdirSync(join(folder, "data"));
  started("prometheus-alertmanager", `--config.file=${alertmanager}`, `--storage.path=${join(folder, "alerts")}`, `--web.listen-address=127.0.0.1:${ports.alertmanager}`, "--cluster.listen-address=");
  started("prometheus", `--config.file=${prometheus}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${ports.prometheus}`);

  const fail = () => fetch(`${server.url}/v1/models/${pipeline}:predict`, { method: "POST", body: "{}" });
  const failing = setInterval(() => void fail().catch(() => undefined), 200);
  const alarmed = async (): Promise<Trigger[]> => (await causes()).filter(({ cause }) => cause.by === "alertmanager");
  await expect.poll(async () => (await alarmed()).length, { timeout: 40_000, interval: 250 }).toBeGreaterThan(0).finally(() => clearInterval(failing));

  const [trigger] = await alarmed();
  expect(trigger).toMatchObject({ pipeline, definition, cause: { kind: "webhook", by: "alertmanager", key: trigger!.alarm!.id }, alarm: { kind: "external", proposal: "roll-back", message: expect.stringMatching(`PredictionsFail: .*% of the predictions of ${pipeline} fail`) } });
  expect(Math.abs(Date.parse(trigger!.asOf) - Date.now())).toBeLessThan(60_000);
  for await (const alarm of listAlarms(stores.store, pipeline)) if (alarm.id === trigger!.alarm!.id) return;
  throw new Error("the alarm was not kept");
});

import { type ChildProcess, spawn } from "node:child_process";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, Connection } from "@temporalio/client";
import { defaultPayloadConverter } from "@temporalio/common";
import { expect, inject, it } from "vitest";
import { ensureWebhookToken } from "../../gateway/webhook-token.ts";
import { freePorts } from "../../infra/free-ports.ts";
import type { Trigger } from "../../schemas/cause.ts";
import { environmentOf, type Settings } from "../../schemas/settings.ts";
import { listAlarms } from "../../stores/alarms.ts";
import { putRun } from "../../stores/runs.ts";
import { openStores } from "../../workers/connect.ts";
import { sampleRun } from "../cli/samples.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { testSettings } from "../support/settings.ts";

const [ids, copies, senders, kills] = [1_000, 10, 8, 20];
const seed = Number(process.env["RELEARN_LONG_SEED"] ?? 1);
/** A workflow takes 10,000 signals at most, so the ids are spread over several. */
const pipelines = Array.from({ length: 10 }, (_, i) => `soak-${randomBytes(3).toString("hex")}-${i}`);
const pipelineOf = (id: number): string => pipelines[id % pipelines.length]!;
const key = (id: number): string => createHash("sha256").update(`msg_${id}`).digest("hex");

it(`of ${ids} webhooks in ${copies} copies each, from ${senders} senders past a gateway that is killed ${kills} times, each is one cause and one alarm, and what was answered 2xx is there`, async () => {
  const random = seededRandom(seed);
  const settings = await testSettings("webhooks");
  const [token, { port }] = [await ensureWebhookToken(settings.home), await freePorts(["port"])];
  const stores = openStores(settings);
  for (const pipeline of pipelines) await putRun(stores.store, { ...sampleRun, pipeline, run: `${pipeline}/run/${"1".repeat(12)}` });

  const acknowledged = new Set<number>();
  let [accepted, refused, unanswered, over] = [0, 0, 0, false];
  const order = Array.from({ length: ids * copies }, (_, i) => i % ids).map((id) => [random(), id] as const).sort(([a], [b]) => a - b).map(([, id]) => id);
  const send = async (id: number): Promise<void> => {
    while (true) {
      const status = await post(`http://127.0.0.1:${port}`, token, id).catch(() => 0);
      if (status === 202) break;
      if (status === 0) unanswered++;
      else refused++;
      expect([0, 503]).toContain(status);
      await sleep(50);
    }
    accepted++;
    acknowledged.add(id);
  };
  const killing = (async () => {
    let killed = 0;
    for (let child = start(settings, port); ; child = start(settings, port)) {
      const before = accepted;
      // Each is killed in the midst of its work, and the last one finishes it.
      while (!over && (killed === kills || accepted < before + 50 + random() * 300)) await sleep(5);
      child.kill("SIGKILL");
      if (over) return killed;
      killed++;
    }
  })();
  await Promise.all(Array.from({ length: senders }, async (_, n) => {
    for (let i = n; i < order.length; i += senders) await send(order[i]!);
  }));
  over = true;
  const killed = await killing;

  const connection = await Connection.connect({ address: inject("temporal").address });
  const client = new Client({ connection, namespace: inject("temporal").namespace });
  let [signals, causes, alarms] = [0, 0, 0];
  const lost: number[] = [];
  for (const [n, pipeline] of pipelines.entries()) {
    const taken = await causesOf(client, pipeline);
    const keys = new Set(taken);
    const raised: string[] = [];
    for await (const { id } of listAlarms(stores.store, pipeline)) raised.push(id);
    for (let id = n; id < ids; id += pipelines.length) if (acknowledged.has(id) && !(keys.has(key(id)) && raised.includes(key(id)))) lost.push(id);
    [signals, causes, alarms] = [signals + taken.length, causes + keys.size, alarms + raised.length];
    await client.workflow.getHandle(`${pipeline}/retraining`).terminate("the test is over");
  }
  await connection.close();
  stores.close();
  rmSync(settings.home, { recursive: true, force: true });
  console.log(`${killed} kills, seed ${seed}: ${accepted} answers 202 (${refused} 503, ${unanswered} unanswered), ${signals} signals, ${causes} causes, ${alarms} alarms`);
  expect({ lost, causes, alarms, killed, accepted }).toEqual({ lost: [], causes: ids, alarms: ids, killed: kills, accepted: ids * copies });
});

function start({ root, ...settings }: Settings, port: number): ChildProcess {
  const { PATH, HOME } = process.env;
  return spawn(process.execPath, [join(root, "dist", "cli", "main.js"), "gateway", "--port", String(port)], { stdio: "ignore", env: { PATH, HOME, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true", ...environmentOf({ root, ...settings }) } });
}

async function post(url: string, token: string, id: number): Promise<number> {
  const body = JSON.stringify({ type: "data.landed", timestamp: "2013-03-01T10:00:00Z", data: { pipeline: pipelineOf(id) } });
  const at = String(Math.floor(Date.now() / 1_000));
  const hmac = createHmac("sha256", Buffer.from(token.slice("whsec_".length), "base64")).update(`msg_${id}.${at}.${body}`).digest("base64");
  return (await fetch(`${url}/v1/hooks/standard`, { method: "POST", body, headers: { "webhook-id": `msg_${id}`, "webhook-timestamp": at, "webhook-signature": `v1,${hmac}` } })).status;
}

/** Keys of the causes that Temporal has taken, in their order. */
async function causesOf(client: Client, pipeline: string): Promise<string[]> {
  const { events } = await client.workflow.getHandle(`${pipeline}/retraining`).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => (signal?.signalName === "trigger" ? [defaultPayloadConverter.fromPayload<Trigger>(signal.input!.payloads![0]!).cause.key] : []));
}

import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { canary } from "../../schemas/rollout.ts";
import type { Settings } from "../../schemas/settings.ts";
import { openRegistry } from "../../stores/registry.ts";
import { publicKeyOf } from "../../stores/signing.ts";
import { verifyModel } from "../../stores/verify.ts";
import { connectTemporal, openStores, type Stores } from "../../workers/connect.ts";
import type { DeploymentStatus } from "../../workflows/messages.ts";
import { key, robot } from "../stores/registry-samples.ts";
import { testSettings } from "../support/settings.ts";
import { pretendServer, type Played, wellBehaved } from "../workflows/pretend-server.ts";
import { approvedVersion } from "../workflows/rollout-stage.ts";
import { faultyBundle } from "./faulty-bundle.ts";
import { linesOf, onceExited, startWorker } from "./supervisor.ts";

const [before, after] = ["before put models/P/log/*.json", "after put models/P/log/*.json"];

let settings: Settings;
let stores: Stores;
let parts: Awaited<ReturnType<typeof faultyBundle>>;
beforeAll(async () => {
  settings = await testSettings("rollout-faults");
  mkdirSync(join(settings.home, "faults"), { recursive: true });
  parts = await faultyBundle(join(settings.home, "faults"));
  stores = openStores(settings);
}, 60_000);
afterAll(() => stores.close());

const run = "run-a";
/** Proposes a version and lets the worker die at each of `deaths` in turn, in the order they come. */
async function carryThrough(played: Played, deaths: readonly string[]) {
  const model = `fault-${randomUUID().slice(0, 8)}`;
  const queue = `queue-${model}`;
  const log = join(settings.home, "faults", `${model}.log`);
  const registry = openRegistry(stores.store, model);
  const plan = canary([5, 50, 100], { each: "PT1M", samples: 300, within: "PT10M" });
  await registry.promote({ txn: "first", actor: robot, v: await approvedVersion(stores.store, registry, plan, "a"), run: "first" });
  const v = await approvedVersion(stores.store, registry, plan, "b");
  const server = pretendServer(stores.store, model, "server-1", played);
  const { client, close } = await connectTemporal(settings);
  const start = () => startWorker(parts, settings, queue, log, left[0] ?? "-");
  const left = [...deaths];
  const handle = await client.workflow.start("deployment", { workflowId: `${model}/deployment`, taskQueue: queue, workflowTaskTimeout: "2s", args: [{ model }] });
  await handle.signal("propose", { v, run });
  const settled = settle(() => handle.query<DeploymentStatus>("status"));
  let worker = start();
  try {
    while (left.length > 0) {
      expect(await Promise.race([onceExited(worker), settled.then(() => "settled")]), `never passed ${left.join(", ")}; passed ${linesOf(log).join(", ")}`).toMatchObject({ signal: "SIGKILL" });
      left.shift();
      worker = start();
    }
    const answer = await settled;
    const entries = [];
    for await (const { entry } of registry.history()) entries.unshift({ kind: entry.operation.kind, champion: entry.state.champion?.v, step: entry.state.rollout?.step ?? null, share: entry.state.rollout?.share ?? null });
    return { answer, entries: entries.filter(({ kind }) => !["register", "decision"].includes(kind)), problems: (await verifyModel(stores.store, model, { trusted: [publicKeyOf(key)] })).findings };
  } finally {
    worker.kill("SIGKILL");
    await handle.terminate("the test is over");
    await server.stop();
    await close();
  }
}

/** A query is answered only while a worker lives. */
async function settle(status: () => Promise<DeploymentStatus>): Promise<DeploymentStatus["settled"][number]["answer"]> {
  for (;; await sleep(100)) {
    const found = (await Promise.race([status().catch(() => null), sleep(3_000)]))?.settled.find((one) => one.run === run);
    if (found !== undefined) return found.answer;
  }
}

it.concurrent.each([
  ["goes on step by step to one promotion", wellBehaved, "committed"],
  ["sends what is worse back once", { ...wellBehaved, errors: 0.2 }, "refused"],
] as const)("a rollout whose worker is killed before and after each of its commits %s, as one that was left alone", async (_, played, status) => {
  const calm = await carryThrough(played, []);
  expect(calm.answer).toMatchObject({ status });
  const commits = calm.entries.length - 1;
  const killed = await carryThrough(played, Array.from({ length: commits }, () => [before, after]).flat());
  expect(killed).toEqual(calm);
  expect(killed.problems).toEqual([]);
}, 240_000);

import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Client, Connection, type WorkflowHandle } from "@temporalio/client";
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { inject } from "vitest";
import type { Activities, RunInput, TrainResult, VersionRef } from "../../activities/contract.ts";
import type { Question } from "../../schemas/approval.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { dataConverter, dataQueue } from "../../workers/connect.ts";

Runtime.install({ logger: new DefaultLogger("ERROR") });

const root = resolve(import.meta.dirname, "../..");
export const blob = (digit: string) => ({ sha256: digit.repeat(64), bytes: 1 });
export const versionRef = (v: number): VersionRef => ({ v, model: blob(String(v)), manifest: blob(String(v)) });
const trained: TrainResult = { job: "job", model: blob("a"), predictions: blob("b"), sample: blob("c"), metrics: {}, environment: {}, seed: 1, seconds: 1 };
const rows = { in: 10, accepted: 10, quarantined: 0, train: 8, holdout: 2 };
export const digest = (fill = "d"): string => fill.repeat(64);

/** A question that stands for a minute, unless a test says otherwise. */
export const question = (fill = "d", rest: Partial<Question> = {}): Question => ({ digest: digest(fill), v: 1, required: 1, approvers: null, askedAt: new Date().toISOString(), expiresAt: new Date(Date.now() + 60_000).toISOString(), ...rest });

/** Activities that answer at once, as if everything went well; a test replaces those it is about. Real ones are tested on their own. */
export function calmActivities(replaced: Partial<Activities>): Activities & { readonly records: RunRecord[] } {
  const records: RunRecord[] = [];
  return {
    records,
    planRun: async ({ triggers }) => ({ status: "planned", workflowId: `${triggers[0]?.pipeline}/run/${triggers[0]?.cause.key}`, input: { ...runInput(triggers[0]?.pipeline ?? "", triggers[0]?.cause.key), causes: triggers.map(({ cause }) => cause) } }),
    startRun: async () => undefined, awaitRun: async () => ({ state: "promoted", reason: null }),
    mayRetrain: async ({ triggers }) => ({ verdicts: triggers.map(() => ({ answer: "start" as const })), onData: false, budget: { runs: 0, gpuHours: 0, cooldownEnd: null } }),
    newData: async () => null, recordDecisions: async () => undefined, recordChange: async () => undefined,
    signalRetraining: async () => undefined,
    ingest: async () => ({ status: "ready", dataset: blob("e"), rows: 10, partitions: 2, filesRead: 1, notes: [] }),
    validate: async () => ({ status: "accepted", snapshot: digest("5"), report: blob("f"), rows }),
    train: async () => trained, evaluate: async () => ({ evaluation: blob("7"), passed: true, gates: [] }),
    register: async () => versionRef(1), champion: async () => null, versionEvidence: async ({ v }) => ({ version: versionRef(v), snapshot: digest("5"), trained }),
    ask: async () => ({ question: question(), markdown: "# Shall it serve?" }), decide: async () => ({ status: "recorded" }),
    propose: async ({ v }) => ({ status: "committed", n: 3, v }), promote: async ({ v }) => ({ status: "committed", n: 3, champion: versionRef(v) }),
    rollback: async ({ to }) => ({ status: "committed", n: 4, champion: versionRef(to ?? 1) }), announceChampion: async () => undefined,
    rolloutStart: async () => ({ plan: null, reason: "no server is alive, so it took over at once", championP99: null }),
    startRollout: async ({ v, id, kind, share }) => ({ status: "committed", n: 3, rollout: { id, candidate: versionRef(v), kind, step: 0, share, paused: false } }),
    stepRollout: async () => ({ status: "committed", n: 4, rollout: null }), takingOver: async () => null, whoServes: async () => ({ live: 1, serving: 1 }),
    rolloutEvidence: async () => ({ replicas: { live: 1, ready: 1, failed: [] }, candidate: { requests: 0, errors: 0 }, champion: { requests: 0, errors: 0 }, watchedMs: null, championP99: null, guards: [] }),
    recordRun: async ({ record }) => void records.push(record),
    planBatch: async () => ({ v: 1, digest: digest("a"), files: 3, bytes: 300 }), scoreFiles: async ({ count }) => ({ files: count, rows: 10 * count, skipped: 0 }), finishBatch: async () => ({ files: 3, rows: 30, skipped: 0, manifest: "s3://scored/all/_relearn.json" }),
    closeWindows: async ({ newest }) => ({ windows: [], watermark: null, newest, pollMs: 60_000, load: null }), lateWindows: async ({ seen }) => ({ windows: [], labelled: [], seen, told: [] }), observeWindows: async () => ({ reports: [], problems: [] }),
    judgeWindows: async ({ open }) => ({ alarms: [], open }), recordThreshold: async ({ change }) => ({ version: 1, n: 1, ...change }),
    sendNotice: async () => ({ status: "sent" }),
    ...replaced,
  };
}

export function runInput(pipeline: string, key: string = randomUUID(), rest: Partial<RunInput> = {}): RunInput {
  const span = { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" };
  return { step: { run: `${pipeline}/run/${key}`, pipeline, definition: blob("9"), windows: { train: span, holdout: span }, asOf: "2013-03-01T00:00:00Z" }, causes: [{ kind: "person", key, by: "ann" }], version: null, patienceMs: 60_000, ...rest };
}

export interface Harness {
  readonly client: Client;
  readonly queue: string;
  /** A name nobody else uses. */
  readonly pipeline: string;
  start(type: string, workflowId: string, args: readonly unknown[]): Promise<WorkflowHandle>;
}

/** A worker on a queue of its own, with these activities, for the length of `body`. */
export async function withWorkers<T>(activities: Activities, body: (harness: Harness) => Promise<T>): Promise<T> {
  const { address, namespace } = inject("temporal");
  const codePath = inject("workflowBundle");
  if (codePath === null) throw new Error("the workflows were not bundled");
  const [connection, native] = await Promise.all([Connection.connect({ address }), NativeConnection.connect({ address })]);
  const pipeline = `p-${randomUUID().slice(0, 8)}`;
  const queue = `test-${pipeline}`;
  const shared = { connection: native, namespace, activities, dataConverter: dataConverter({ root }), maxHeartbeatThrottleInterval: "200ms" as const };
  const core = await Worker.create({ ...shared, taskQueue: queue, workflowBundle: { codePath } });
  const data = await Worker.create({ ...shared, taskQueue: dataQueue(queue) });
  const client = new Client({ connection, namespace, dataConverter: dataConverter({ root }) });
  const harness: Harness = { client, queue, pipeline, start: (type, workflowId, args) => client.workflow.start(type, { workflowId, taskQueue: queue, args: [...args] }) };
  try {
    return await core.runUntil(data.runUntil(body(harness)));
  } finally {
    await Promise.all([connection.close(), native.close()]);
  }
}

/** Waits until `look` says yes. */
export async function eventually(look: () => Promise<boolean> | boolean, what: string, withinMs = 15_000): Promise<void> {
  for (const end = Date.now() + withinMs; Date.now() < end; await new Promise((next) => setTimeout(next, 25))) if (await look()) return;
  throw new Error(`within ${withinMs} ms it did not come to pass that ${what}`);
}

/** With RELEARN_RECORD_HISTORIES set, keeps a history for the replay test, named by workflow and behaviour. */
export async function keepHistory(handle: WorkflowHandle, name: string): Promise<void> {
  if (process.env["RELEARN_RECORD_HISTORIES"] === undefined) return;
  const folder = join(root, "test", "histories");
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(JSON.parse(historyToJSON(await handle.fetchHistory())));
  writeFileSync(join(folder, `${name}.json`), `${text.replaceAll(`${root}/`, "").replaceAll(/"\d+@[^"]+"/g, '"worker"')}\n`);
}

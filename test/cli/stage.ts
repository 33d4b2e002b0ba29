import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@temporalio/client";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { inject } from "vitest";
import type { Activities, TrainResult } from "../../activities/contract.ts";
import { createAnnounceChampion } from "../../activities/announce-champion.ts";
import { createAsk } from "../../activities/ask.ts";
import { createAwaitRun } from "../../activities/await-run.ts";
import { createChampion } from "../../activities/champion.ts";
import { createDecide } from "../../activities/decide.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createMayRetrain } from "../../activities/may-retrain.ts";
import { createNewData } from "../../activities/new-data.ts";
import { createCloseWindows } from "../../activities/monitor/close-windows.ts";
import { createJudgeWindows } from "../../activities/monitor/judge-windows.ts";
import { createLateWindows } from "../../activities/monitor/late-windows.ts";
import { createObserveWindows } from "../../activities/monitor/observe-windows.ts";
import { createRecordThreshold } from "../../activities/monitor/record-threshold.ts";
import { createPlanRun } from "../../activities/plan-run.ts";
import { createPromote, createRollback } from "../../activities/promote.ts";
import { createPropose } from "../../activities/propose.ts";
import { createRecordChange } from "../../activities/record-change.ts";
import { createRecordDecisions } from "../../activities/record-decisions.ts";
import { createRecordRun } from "../../activities/record-run.ts";
import { createRolloutEvidence, createWhoServes } from "../../activities/rollout-evidence.ts";
import { createRolloutStart, createTakingOver } from "../../activities/rollout-plan.ts";
import { createStartRollout, createStepRollout } from "../../activities/rollout-steps.ts";
import { createSendNotice } from "../../activities/send-notice.ts";
import { createSignalRetraining } from "../../activities/signal-retraining.ts";
import { createStartRun } from "../../activities/start-run.ts";
import { withFailures } from "../../activities/support/as-failure.ts";
import { startStack, stopStack } from "../../infra/local-stack.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { loadSettings, type Settings } from "../../schemas/settings.ts";
import { putBlob, putJsonBlob } from "../../stores/blobs.ts";
import { openRegistry } from "../../stores/registry.ts";
import { ensureSigningKey, signManifest } from "../../stores/signing.ts";
import { trustedKeys } from "../../stores/trusted-keys.ts";
import { connectTemporal, dataConverter, dataQueue, openStores, taskQueue, type Stores } from "../../workers/connect.ts";
import { sampleManifest } from "../stores/registry-samples.ts";
import { type Listener, openListener } from "./listener.ts";
import { sampleEvaluation } from "./samples.ts";

/** What the next runs meet. */
export interface Script {
  passed: boolean;
  /** Milliseconds that training takes. */
  trainingMs: number;
  refused: string | null;
}

export interface Stage {
  readonly home: string;
  /** The environment of a person who has said `relearn up` here. */
  readonly env: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly stores: Stores;
  readonly script: Script;
  /** Who is told what happens. */
  readonly outside: Listener;
  /** Path of a valid definition of a pipeline of this name. */
  definition(name: string, more?: object): string;
  signal(workflowId: string, name: string, input: object): Promise<void>;
  close(): Promise<void>;
}

/**
 * A stack of its own (its task queue is the real one) with a worker whose four activities on data and models are stand-ins:
 * what is tried here is the way between a person and the workflows, not the training.
 */
export async function openStage(): Promise<Stage> {
  Runtime.install({ logger: new DefaultLogger("WARN") });
  const home = mkdtempSync(join(tmpdir(), "relearn-stage-"));
  const { settings } = await startStack(loadSettings({ RELEARN_HOME: home }));
  const script: Script = { passed: true, trainingMs: 0, refused: null };
  const stores = openStores(settings);
  const temporal = await connectTemporal(settings);
  const outside = await openListener();
  const deps = { store: stores.store, openBucket: stores.openBucket, launchers: {}, scratch: join(home, "scratch"), signingKey: await ensureSigningKey(home), trusted: () => trustedKeys(home, []), now: () => new Date().toISOString(), workflows: temporal.client.workflow, notices: [outside.receiver], links: { temporalUi: settings.temporal.ui, temporalAddress: settings.temporal.address!, namespace: "default" } };
  const worker = await startWorker(settings, standIns(deps, script));
  return {
    home, settings, stores, script, outside, env: { RELEARN_HOME: home, PATH: process.env["PATH"] ?? "" },
    definition: (name, more = {}) => writeDefinition(home, name, more),
    signal: (workflowId, name, input) => temporal.client.workflow.getHandle(workflowId).signal(name, input),
    close: async () => {
      await endRuns(temporal.client);
      await worker.stop();
      await temporal.close();
      outside.close();
      stores.close();
      await stopStack({ home }, { graceMs: 0 });
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** Runs that still wait for an answer would be followed to the last moment, and their followers cut off in mid-sentence. */
async function endRuns({ workflow }: Client): Promise<void> {
  for await (const { workflowId } of workflow.list({ query: "WorkflowType = 'trainingRun' and ExecutionStatus = 'Running'" })) {
    await workflow.getHandle(workflowId).terminate("the test is over").catch(() => undefined);
  }
}

async function startWorker(settings: Settings, activities: Activities): Promise<{ stop(): Promise<void> }> {
  const connection = await NativeConnection.connect({ address: settings.temporal.address! });
  const shared = { connection, activities, dataConverter: dataConverter(settings), shutdownGraceTime: "100ms", shutdownForceTime: "1s" } as const;
  const workers = [await Worker.create({ ...shared, taskQueue, workflowBundle: { codePath: inject("workflowBundle")! } }), await Worker.create({ ...shared, taskQueue: dataQueue(taskQueue) })];
  const ended = Promise.all(workers.map((worker) => worker.run()));
  return {
    stop: async () => {
      workers.forEach((worker) => worker.shutdown());
      await ended.catch(() => undefined);
      await connection.close();
    },
  };
}

function standIns(deps: Dependencies, script: Script): Activities {
  const { store, signingKey } = deps;
  const rows = { in: 1_010, accepted: 1_000, quarantined: 10, train: 800, holdout: 200 };
  let trainings = 0;
  const model = async (content: string): Promise<TrainResult> => {
    const ref = await putBlob(store, new TextEncoder().encode(content));
    return { job: content, model: ref, predictions: ref, sample: ref, metrics: {}, environment: {}, seed: 1, seconds: 1 };
  };
  return withFailures<Activities>({
    planRun: createPlanRun(deps), startRun: createStartRun(deps), awaitRun: createAwaitRun(deps), signalRetraining: createSignalRetraining(deps),
    mayRetrain: createMayRetrain(deps), newData: createNewData(deps), recordDecisions: createRecordDecisions(deps), recordChange: createRecordChange(deps),
    champion: createChampion(deps), ask: createAsk(deps), decide: createDecide(deps), propose: createPropose(deps), promote: createPromote(deps), rollback: createRollback(deps),
    rolloutStart: createRolloutStart(deps), startRollout: createStartRollout(deps), stepRollout: createStepRollout(deps), rolloutEvidence: createRolloutEvidence(deps), takingOver: createTakingOver(deps), whoServes: createWhoServes(deps),
    announceChampion: createAnnounceChampion(deps), recordRun: createRecordRun(deps),
    closeWindows: createCloseWindows(deps), lateWindows: createLateWindows(deps), observeWindows: createObserveWindows(deps),
    judgeWindows: createJudgeWindows(deps), recordThreshold: createRecordThreshold(deps),
    sendNotice: createSendNotice(deps),
    planBatch: async () => ({ v: 1, digest: "a".repeat(64), files: 3, bytes: 300 }), 
    scoreFiles: async ({ first, count }) => {
      if (script.refused !== null) throw new RelearnError("DataRefused", script.refused);
      const files = Math.min(count, 3 - first);
      return { files, rows: 10 * files, skipped: 0 };
    },
    finishBatch: async ({ job }) => ({ files: 3, rows: 30, skipped: 0, manifest: `s3://scored/${job}/_relearn.json` }),
    ingest: async () => ({ status: "ready", dataset: await putJsonBlob(store, { rows: 1 }), rows: 1_010, partitions: 2, filesRead: 1, notes: [] }),
    validate: async () => {
      const report = await putJsonBlob(store, { version: 1, pipeline: "any", snapshot: null, reference: null, findings: [{ check: "rule", subject: "distance", effect: "quarantined", rows: 10, message: "10 rows break distance >= 0, such as -3" }], drift: [], rows: { in: rows.in, accepted: rows.accepted, quarantined: rows.quarantined } });
      return script.refused === null ? { status: "accepted", snapshot: "5".repeat(64), report, rows } : { status: "refused", report, reasons: [script.refused] };
    },
    train: async () => {
      await sleep(script.trainingMs);
      return model(`model ${++trainings}`);
    },
    evaluate: async ({ run, model }) => ({ evaluation: await putJsonBlob(store, { ...sampleEvaluation, run, model, passed: script.passed }), passed: script.passed, gates: sampleEvaluation.gates.map((gate) => (script.passed ? { ...gate, answer: "yes" as const } : gate)) }),
    register: async ({ run, pipeline, trained, evaluation, definition }) => {
      const describe = async (v: number) => {
        const { signature: _, ...unsigned } = sampleManifest(pipeline, v, trained.model, evaluation);
        return { manifest: signManifest({ ...unsigned, definition, run, job: trained.job }, signingKey), card: `# ${pipeline} version ${v}\n` };
      };
      const { v, entry } = await openRegistry(store, pipeline).register({ run, model: trained.model, evaluation, txn: `${run}/register`, actor: { kind: "workflow", name: run, claimed: false }, describe });
      return { v, model: trained.model, manifest: (entry.operation as { manifest: TrainResult["model"] }).manifest };
    },
    versionEvidence: async ({ model: name, v }) => {
      const version = (await openRegistry(store, name).version(v))!;
      return { version: { v, model: version.model, manifest: version.manifest }, snapshot: "5".repeat(64), trained: { ...(await model("again")), model: version.model } };
    },
  });
}

function writeDefinition(home: string, name: string, more: object): string {
  const file = join(home, `${name}.json`);
  writeFileSync(file, JSON.stringify({
    name, timezone: "America/New_York", sources: { rows: { format: "csv", uri: join(home, "landing", "{yyyy}-{MM}.csv"), time: "at" } },
    columns: { distance: { type: "number" } }, label: { column: "late", task: "binary" }, windows: { holdout: "P7D" },
    trainer: { command: ["python", "train.py"] }, gates: [{ kind: "atLeast", metric: "auc", value: 0.6 }], retrain: { schedule: "0 3 1 * *" }, ...more,
  }));
  return file;
}

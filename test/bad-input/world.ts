import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureWorker } from "../../cli/support/worker-process.ts";
import { startStack, stopStack } from "../../infra/local-stack.ts";
import { readResult } from "../../launchers/job-objects.ts";
import { isAlive, type ProcessId, signalProcess } from "../../launchers/processes.ts";
import type { DefinitionInput } from "../../schemas/definition.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { type Environment, loadSettings, type Settings } from "../../schemas/settings.ts";
import { downloadBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openStores } from "../../workers/connect.ts";
import { relearn, type Said } from "../cli/harness.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { asOf, goodFiles, tinyDefinition, writeFiles } from "./tiny-pipeline.ts";

/** Temporal, S3, the compiled worker before which every S3 request passes a proxy, and a person with the `relearn` command line. */
export interface World {
  readonly home: string;
  /** The person's environment: S3 without the proxy. */
  readonly env: Environment;
  readonly settings: Settings;
  /** What the worker and its jobs see of S3. */
  readonly proxied: Settings;
  readonly proxy: FaultProxy;
  readonly store: ObjectStore;
  say(...args: string[]): Promise<Said>;
  /** Says `relearn run` for a pipeline's whole data. */
  run(pipeline: Pipeline, ...args: string[]): Promise<Said>;
  /** The newest run of a pipeline as `relearn runs --json` shows it. */
  latest(pipeline: string): Promise<RunRecord>;
  close(): Promise<void>;
}

export interface Pipeline {
  readonly name: string;
  readonly folder: string;
  readonly definition: string;
}

/** A trainer that leaves at once what the real one left for the same rows. */
export const goodTrainer = (recorded: string): string => `cp '${recorded}/model.onnx' '${recorded}/predictions.parquet' "$RELEARN_OUTPUT_DIR"\n`;

/** @param given what the person's environment, and so the worker's, has besides */
export async function openWorld(given: Environment = {}): Promise<World> {
  const home = mkdtempSync(join(tmpdir(), "relearn-world-"));
  const { settings } = await startStack(loadSettings({ RELEARN_HOME: home }));
  const proxy = await startFaultProxy(settings.s3.endpoint!);
  const proxied: Settings = { ...settings, s3: { ...settings.s3, from: "environment", endpoint: proxy.endpoint } };
  const stores = openStores(settings);
  const env = { ...given, RELEARN_HOME: home, PATH: process.env["PATH"] ?? "" };
  await ensureWorker(proxied, env, new AbortController().signal, "with-this-process");
  const say = (...args: string[]) => relearn(env, ...args);
  return {
    home, env, settings, proxied, proxy, store: stores.store, say,
    run: ({ definition }, ...args) => say("run", definition, "--as-of", asOf, "--by", "ann", ...args),
    latest: async (pipeline) => (await say("runs", pipeline, "--json")).json<RunRecord[]>()[0]!,
    close: async () => {
      await stopStack({ home }, { graceMs: 0 });
      await endJobs(home);
      stores.close();
      await proxy.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** Jobs outlive their worker; those of a case that failed would outlive the test. */
async function endJobs(home: string): Promise<void> {
  for (const job of existsSync(join(home, "jobs")) ? readdirSync(join(home, "jobs")) : []) {
    const file = join(home, "jobs", job, "process.json");
    const wrapper = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ProcessId) : null;
    if (wrapper !== null && (await isAlive(wrapper))) signalProcess(wrapper.pid, "SIGKILL");
  }
}

/** Writes a pipeline's folder: its definition, its good data, its trainer. */
export function makePipeline({ home }: Pick<World, "home">, name: string, trainer: string, changes: Partial<DefinitionInput> = {}): Pipeline {
  const folder = join(home, "pipelines", name);
  mkdirSync(folder, { recursive: true });
  writeFiles(join(folder, "landing"), goodFiles());
  writeFileSync(join(folder, "train.sh"), trainer);
  const definition = join(folder, "pipeline.json");
  writeFileSync(definition, JSON.stringify(tinyDefinition(name, changes), null, 2));
  return { name, folder, definition };
}

/** Trains once for real. @returns the folder of the model, of its spoilt kin and of its predictions, for trainers that give the same at once */
export async function recordTraining(world: World): Promise<string> {
  const pipeline = makePipeline(world, "recorded", "exec python -m relearn_trainers.linear\n");
  const said = await world.run(pipeline);
  const record = await world.latest(pipeline.name);
  const result = record.job === null ? null : await readResult(world.store, record.job);
  if (result?.state !== "succeeded") throw new Error(`the recording run ended ${record.state} (${said.exitCode}): ${record.reason}\n${said.out}${said.err}`);
  for (const [file, ref] of Object.entries(result.files)) await downloadBlob(world.store, ref, join(pipeline.folder, file));
  const { executable, environment } = world.settings.python;
  await promisify(execFile)(executable, [join(import.meta.dirname, "spoil-models.py"), join(pipeline.folder, "model.onnx"), pipeline.folder], { env: { ...process.env, ...environment } });
  return pipeline.folder;
}

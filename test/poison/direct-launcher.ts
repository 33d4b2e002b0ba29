import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createResult, readResult, viewOfResult } from "../../launchers/job-objects.ts";
import type { Launcher } from "../../launchers/launcher.ts";
import type { JobSpec } from "../../schemas/job.ts";
import { getBlob, putBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const outputs = ["model.onnx", "predictions.parquet", "metrics.json", "environment.json"] as const;

/** Runs a job's trainer at once, by the second half of the job contract: a store in memory is one that the wrapper could not reach. */
export function directLauncher(store: ObjectStore, scratch: string): Launcher {
  return {
    name: "local",
    submit: async (spec) => {
      await trainIn(store, await mkdtemp(join(scratch, "job-")), spec);
      return { launcher: "local", job: spec.id, native: "direct" };
    },
    poll: async ({ job }) => viewOfResult((await readResult(store, job))!),
    cancel: async () => undefined,
    logs: async () => "",
  };
}

async function trainIn(store: ObjectStore, folder: string, spec: JobSpec): Promise<void> {
  const at = (name: string) => join(folder, name);
  const place = async (path: string, bytes: Uint8Array | string) => {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), bytes);
  };
  for (const { path, blob } of spec.inputs) await place(`in/${path}`, await getBlob(store, blob));
  const inputs = spec.inputs.map(({ path, rows, blob }) => ({ path, file: at(`in/${path}`), rows, ...blob }));
  await place("manifest.json", JSON.stringify({ version: 1, job: spec.id, run: spec.run, seed: spec.seed, inputs, columns: spec.columns, label: spec.label }));
  await place("params.json", JSON.stringify(spec.params));
  for (const name of ["out", "checkpoints"]) await mkdir(at(name));
  const startedAt = new Date().toISOString();
  const [program, ...rest] = spec.command;
  await run(join(root, ".venv/bin", program!), rest, { timeout: 120_000, env: environmentOf(at, spec) });
  const read = (name: string) => readFile(at(`out/${name}`));
  const files = Object.fromEntries(await Promise.all(outputs.map(async (name) => [name, await putBlob(store, await read(name))] as const)));
  const [metrics, environment] = await Promise.all(["metrics.json", "environment.json"].map(async (name) => JSON.parse((await read(name)).toString("utf8")) as Record<string, never>));
  await createResult(store, { version: 1, job: spec.id, run: spec.run, state: "succeeded", exitCode: 0, reason: null, retryable: false, files, metrics: metrics!, environment: environment!, seed: spec.seed, startedAt, endedAt: new Date().toISOString() });
}

function environmentOf(at: (name: string) => string, spec: JobSpec): NodeJS.ProcessEnv {
  return {
    ...process.env, PYTHONPATH: join(root, "trainers"), OMP_WAIT_POLICY: "PASSIVE", OMP_NUM_THREADS: "1", RELEARN_RUN_ID: spec.run, RELEARN_INPUT_DIR: at("in"), RELEARN_INPUT_MANIFEST: at("manifest.json"),
    RELEARN_OUTPUT_DIR: at("out"), RELEARN_CHECKPOINT_DIR: at("checkpoints"), RELEARN_PARAMS: at("params.json"), RELEARN_PROGRESS: at("progress.jsonl"), RELEARN_SEED: String(spec.seed),
  };
}

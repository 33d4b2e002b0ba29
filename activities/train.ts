import { setTimeout as sleep } from "node:timers/promises";
import { Context } from "@temporalio/activity";
import { jobKey, readResult } from "../launchers/job-objects.ts";
import type { JobView, Launcher } from "../launchers/launcher.ts";
import { durationSeconds } from "../schemas/calendar.ts";
import type { Definition } from "../schemas/definition.ts";
import { RelearnError } from "../schemas/failures.ts";
import { type JobHandle, type JobResult, type JobSpec, jobHandle, jobSpec } from "../schemas/job.ts";
import type { BlobRef } from "../schemas/names.ts";
import type { Snapshot } from "../schemas/dataset.ts";
import { canonicalBytes } from "../stores/canonical.ts";
import { readSnapshot } from "../stores/datasets.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { expectScoring } from "./scoring/scoring-child.ts";
import { makeSample } from "./support/make-sample.ts";
import type { Activities, TrainInput, TrainResult } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { type Pulse, withHeartbeat } from "./support/heartbeat.ts";
import { readDefinition } from "./support/read-definition.ts";

/** A job that dies without a result, or asks to be tried again, gets this many submissions in all. */
const submissions = 3;
/** A job that takes longer than this is no stub, and what it trains will be scored. */
const soonMs = 1_000;

/** A job is asked for after a fortieth of the time it has run: its end is seen soon, and a long one is not asked often. */
const pauseAfter = (ms: number): number => Math.min(1_000, Math.max(50, ms / 40));

/**
 * Trains by a launcher and follows the job to its end. The handle travels in the heartbeat, so the worker after this one goes on
 * where it stopped; a cancelled run ends its job before it ends itself.
 */
export function createTrain(deps: Dependencies): Activities["train"] {
  return async (input) =>
    withHeartbeat(async (pulse) => {
      const definition = await readDefinition(deps.store, input.definition);
      const launcher = deps.launchers[definition.trainer.launcher];
      if (launcher === undefined) throw new RelearnError("InvalidDefinition", `there is no launcher ${definition.trainer.launcher} here: ${Object.keys(deps.launchers).join(", ")}`);
      const snapshot = await readSnapshot(deps.store, input.pipeline, input.snapshot);
      const sample = await makeSample(deps, definition, snapshot, pulse.signal);
      for (let attempt = 1; ; attempt++) {
        const spec = specOf(input, definition, snapshot, sample, attempt);
        const result = await follow(deps, launcher, spec, pulse);
        if (result.state === "succeeded") return trained(result, sample.blob);
        if (!result.retryable || attempt === submissions) throw new RelearnError("TrainerFailed", `job ${spec.id} ${result.state}: ${result.reason ?? `exit code ${result.exitCode}`}`);
      }
    });
}

function specOf(input: TrainInput, definition: Definition, snapshot: Snapshot, sample: { readonly blob: BlobRef; readonly rows: number }, attempt: number): JobSpec {
  const { trainer, label, columns } = definition;
  const train = snapshot.partitions.filter((partition) => partition.role === "train" && partition.rows > 0);
  return {
    version: 1, id: attempt === 1 ? input.job : `${input.job}-r${attempt}`, run: input.run,
    command: [...trainer.command], workdir: trainer.workdir ?? null, params: trainer.params, seed: trainer.seed, timeoutSeconds: durationSeconds(trainer.timeout),
    inputs: [
      ...train.map(({ name, blob, rows }) => ({ path: `train/${name}.parquet`, blob, rows })),
      { path: "sample/sample.parquet", ...sample },
    ],
    columns: Object.entries(columns).filter(([, column]) => column.feature).map(([name, column]) => ({ name, column })),
    label: { column: label.column, task: label.task, classes: snapshot.classes },
  };
}

/** Submits, or finds, a job and waits for its result. A job that was lost is submitted again: it goes on from its checkpoint. */
async function follow(deps: Dependencies, launcher: Launcher, spec: JobSpec, pulse: Pulse): Promise<JobResult> {
  await deps.store.put(jobKey(spec.id, "spec.json"), canonicalBytes(jobSpec.parse(spec)), { ifNoneMatch: "*", contentType: "application/json" });
  let handle = handleOf(pulse.last, spec) ?? (await launcher.submit(spec, pulse.signal));
  for (let lost = 0; ; lost++) {
    pulse.beat({ handle });
    const { state, reason } = await untilEnd(deps, launcher, handle, pulse);
    if (state !== "lost") return resultOf(deps.store, spec);
    if (lost === submissions - 1) throw new RelearnError("TrainerFailed", `job ${spec.id} was lost ${submissions} times: ${reason ?? "it ended without a result"}\n${await launcher.logs(handle, 2_000)}`);
    handle = await launcher.submit(spec, pulse.signal);
  }
}

function handleOf(last: unknown, spec: JobSpec): JobHandle | null {
  const found = jobHandle.safeParse((last as { handle?: unknown } | null | undefined)?.handle);
  return found.success && found.data.job === spec.id ? found.data : null;
}

async function untilEnd(deps: Dependencies, launcher: Launcher, handle: JobHandle, pulse: Pulse): Promise<JobView> {
  let expected = false;
  for (const began = performance.now(); ; ) {
    if (pulse.signal.aborted) {
      if (await isOver(deps, pulse)) await launcher.cancel(handle);
      throw pulse.signal.reason;
    }
    const view = await launcher.poll(handle);
    if (view.state !== "queued" && view.state !== "running") return view;
    if (!expected && performance.now() - began > soonMs) {
      expected = true;
      void expectScoring().catch(() => undefined);
    }
    await sleep(pauseAfter(performance.now() - began), undefined, { signal: pulse.signal }).catch(() => undefined);
  }
}

/** Nobody waits for the job any more: the run was cancelled, or is gone. Not when only this attempt, or this worker, ends. */
async function isOver({ workflows }: Dependencies, pulse: Pulse): Promise<boolean> {
  const ending = pulse.ending();
  if (ending !== "lost") return ending === "cancelled";
  const { workflowExecution } = Context.current().info;
  if (workflowExecution === undefined) return false;
  const { status } = await workflows.getHandle(workflowExecution.workflowId, workflowExecution.runId).describe();
  return status.name !== "RUNNING";
}

async function resultOf(store: ObjectStore, spec: JobSpec): Promise<JobResult> {
  const result = await readResult(store, spec.id);
  if (result === null) throw new RelearnError("JobLost", `job ${spec.id} has ended, but left no result`);
  if (result.run !== spec.run || result.job !== spec.id) throw new RelearnError("TrainerOutput", `the result of job ${spec.id} of ${spec.run} is that of job ${result.job} of run ${result.run}`);
  return result;
}

function trained(result: JobResult, sample: BlobRef): TrainResult {
  const { job, metrics, environment, seed, files } = result;
  const model = files["model.onnx"];
  const predictions = files["predictions.parquet"];
  if (model === undefined || predictions === undefined) {
    throw new RelearnError("TrainerOutput", `job ${job} ended well, but wrote no ${model === undefined ? "model.onnx" : "predictions.parquet"} to RELEARN_OUTPUT_DIR; it wrote: ${Object.keys(files).join(", ") || "nothing"}`);
  }
  const seconds = (Date.parse(result.endedAt) - Date.parse(result.startedAt)) / 1000;
  return { job, model, predictions, sample, metrics, environment, seed, seconds };
}

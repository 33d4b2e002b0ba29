import { randomUUID } from "node:crypto";
import type { RunInput } from "../../activities/contract.ts";
import { readJson } from "../../schemas/boundary.ts";
import { durationSeconds } from "../../schemas/calendar.ts";
import { definition as definitionSchema } from "../../schemas/definition.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { TemporalSettings } from "../../schemas/settings.ts";
import { getBlob } from "../../stores/blobs.ts";
import { canonicalBytes, sha256Hex } from "../../stores/canonical.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { taskQueue } from "../../workers/connect.ts";
import { inTime, type TemporalAccess } from "./temporal.ts";
import { temporalLine } from "./temporal-line.ts";

/** A run that trains nothing: it judges an existing version on the pipeline's latest windows, and asks for it. */
export async function judgeAgain(store: ObjectStore, latest: RunRecord, v: number, by: string): Promise<RunInput> {
  const { pipeline, definition, windows, asOf } = latest;
  const key = randomUUID();
  const text = new TextDecoder().decode(await getBlob(store, definition));
  const { patience } = readJson(definitionSchema, text, `the definition of ${latest.run}`).windows;
  const run = `${pipeline}/run/${sha256Hex(canonicalBytes({ pipeline, v, key })).slice(0, 12)}`;
  return { step: { run, pipeline, definition, windows, asOf }, causes: [{ kind: "person", key, by }], version: v, patienceMs: durationSeconds(patience) * 1_000 };
}

export async function startRun(access: TemporalAccess, input: RunInput): Promise<string> {
  const { run } = input.step;
  const handle = await inTime(access, `the start of ${run}`, () => access.client.workflow.start("trainingRun", { workflowId: run, taskQueue, args: [input], workflowIdReusePolicy: "REJECT_DUPLICATE" }));
  return handle.firstExecutionRunId;
}

export const startLine = (temporal: TemporalSettings, input: RunInput): string =>
  temporalLine(temporal, ["workflow", "start"], { "workflow-id": input.step.run, type: "trainingRun", "task-queue": taskQueue, input });

import type { Workflow } from "@temporalio/common";
import { readJson } from "../../schemas/boundary.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { type Manifest, manifest } from "../../schemas/manifest.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { TemporalSettings } from "../../schemas/settings.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import { getBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { taskQueue } from "../../workers/connect.ts";
import type { MonitoringStatus } from "../../workflows/messages.ts";
import { knownModel } from "./known-model.ts";
import { inTime, type TemporalAccess } from "./temporal.ts";

const monitoringId = (pipeline: string): string => `${pipeline}/monitoring`;
/** A look may have a year to catch up with. */
const lookMs = 600_000;

/** The manifest of the version that serves, by whose definition a model is watched. @throws RelearnError `NotFound` where none does */
export async function servingManifest(store: ObjectStore, pipeline: string): Promise<Manifest> {
  const champion = await (await knownModel(store, pipeline)).champion();
  if (champion === null) throw new RelearnError("NotFound", `no version of ${pipeline} serves yet, so there is nothing to watch; \`relearn runs ${pipeline}\` says how its runs stand`);
  return readJson(manifest, new TextDecoder().decode(await getBlob(store, champion.manifest)), `the manifest of ${pipeline} version ${champion.v}`);
}

/** Asks a pipeline's `monitoring`, started where it does not run yet, and waits for its answer. */
export async function askMonitoring<T>(access: TemporalAccess, pipeline: string, definition: BlobRef, name: "check" | "setThreshold", input: object | null): Promise<T> {
  const { WithStartWorkflowOperation } = await import("@temporalio/client");
  const startWorkflowOperation = new WithStartWorkflowOperation("monitoring", { workflowId: monitoringId(pipeline), taskQueue, args: [{ pipeline, definition }], workflowIdConflictPolicy: "USE_EXISTING" });
  return inTime(access, `${name} of ${monitoringId(pipeline)}`, () => access.client.workflow.executeUpdateWithStart<Workflow, T, object[]>(name, { startWorkflowOperation, args: input === null ? [] : [input] }), name === "check" ? lookMs : 30_000);
}

/** How a pipeline's watching stands; null where nothing watches it. */
export async function monitoringStatus(access: TemporalAccess, pipeline: string): Promise<MonitoringStatus | null> {
  try {
    const handle = access.client.workflow.getHandle(monitoringId(pipeline));
    return await inTime(access, `the question how the monitoring of ${pipeline} stands`, async () => ((await handle.describe()).status.name === "RUNNING" ? handle.query<MonitoringStatus>("latest") : null));
  } catch (error) {
    if ((error as Error).name === "WorkflowNotFoundError") return null;
    throw error;
  }
}

export const monitoringLine = (temporal: TemporalSettings, pipeline: string, name: "check" | "setThreshold", input: object | null): string =>
  temporalLine(temporal, ["workflow", "update", "execute"], { "workflow-id": monitoringId(pipeline), name, input });

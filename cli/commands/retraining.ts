import { randomUUID } from "node:crypto";
import { readDefinition } from "../../activities/support/read-definition.ts";
import { retrainStanding } from "../../activities/support/retrain-standing.ts";
import { pipelineClock } from "../../policy/pipeline-clock.ts";
import { addDuration } from "../../schemas/calendar.ts";
import type { Cause, Trigger } from "../../schemas/cause.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import { listDecisions } from "../../stores/alarms.ts";
import { definitionInForce } from "../../stores/definition-in-force.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { listChanges } from "../../stores/retrain-changes.ts";
import { listPipelines, listRuns } from "../../stores/runs.ts";
import { taskQueue } from "../../workers/connect.ts";
import type { RetrainingStatus } from "../../workflows/messages.ts";
import { readName, readPast, readText } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { loadDefinition } from "../support/definition.ts";
import { shortTime } from "../support/format.ts";
import { notAmong } from "../support/known-model.ts";
import { personOf } from "../support/person.ts";
import { retrainingText, settingText, standingText } from "../support/retraining-text.ts";
import { type Awaited, retrainingId, sendTrigger, statusOrNull, triggerLine, waitsFor } from "../support/start-run.ts";
import { withStore } from "../support/store.ts";
import { plain } from "../support/style.ts";
import { inTime, type TemporalAccess, withTemporal } from "../support/temporal.ts";

const dayMs = 86_400_000;

/** What runs, what waits and why, the settings in force, what is used of the budgets, and what was decided about alarms. */
export async function status(cli: Cli, given: string): Promise<void> {
  const pipeline = readName(given, "pipeline");
  const settings = await cli.settings();
  const { state, awaited, changes, standing } = await withStore(settings, async (store) => {
    const definition = await inForce(store, pipeline);
    const [{ state: known, awaited }, changes] = await Promise.all([withTemporal(settings, (access) => asked(access, pipeline)), listChanges(store, pipeline, 5)]);
    const state = known === null ? null : { ...known, decisions: await inParallel(known.decisions, 8, (one) => lastDecision(store, pipeline, one)) };
    const clock = await clockOf(store, pipeline);
    const { settings: inForceNow, budget } = await retrainStanding(store, { pipeline, definition, change: state?.change ?? {}, clock });
    return { state, awaited, changes, standing: { asOf: clock, settings: inForceNow, ...budget } };
  });
  const text = [state === null ? `no retraining of ${pipeline} goes on just now: its next cause starts one` : retrainingText(cli.style, pipeline, state, awaited), standingText(standing, state?.change ?? {})].join("\n");
  cli.give({ pipeline, state, standing, changes }, text);
  for (const { at, by, reason, change } of cli.json ? [] : changes) cli.say(cli.style.dim(`${shortTime(at)}  ${plain(by)} set ${settingText(change)}${reason === null ? "" : `: ${plain(reason)}`}`));
  if (state !== null) cli.say(cli.style.dim(`next: ${nextOf(pipeline, state, awaited, standing.asOf)}`));
}

async function asked(access: TemporalAccess, pipeline: string): Promise<{ readonly state: RetrainingStatus | null; readonly awaited: Awaited }> {
  const state = await statusOrNull(access, pipeline);
  return { state, awaited: state?.running == null ? null : await waitsFor(access, state.running.workflowId) };
}

/** What was decided last, which may be a person's word after the policy's. */
async function lastDecision(store: ObjectStore, pipeline: string, decided: RetrainingStatus["decisions"][number]): Promise<RetrainingStatus["decisions"][number]> {
  const last = (await listDecisions(store, pipeline, decided.alarm)).at(-1);
  return last === undefined ? decided : { ...decided, decision: last.decision, reason: last.reason };
}

/** A run that waits occupies the pipeline's one place. A pipeline that replays the past knows nothing of today. */
function nextOf(pipeline: string, { paused, blocked, running }: RetrainingStatus, awaited: Awaited, clock: string): string {
  if (paused) return `relearn retraining resume ${pipeline}`;
  if (running !== null) return awaited === "data" ? `relearn watch ${running.workflowId}, or relearn cancel ${running.workflowId}` : `relearn watch ${running.workflowId}`;
  if (blocked !== null) return `relearn retraining unblock ${pipeline}`;
  return `relearn retraining trigger ${pipeline}${Date.now() - Date.parse(clock) > dayMs ? ` --as-of ${clock}` : ""}`;
}

/** The pipeline's own time, as its newest run tells it; one that ended without its data says nothing of when the pipeline is. */
async function clockOf(store: ObjectStore, pipeline: string): Promise<string> {
  const now = new Date().toISOString();
  for await (const { asOf, startedAt, endedAt, snapshot } of listRuns(store, pipeline)) if (endedAt === null || snapshot !== null) return pipelineClock(asOf, now, startedAt);
  return now;
}

const told = { pause: "starts no further run until it is resumed; a run that goes on goes on", resume: "starts runs again", unblock: "takes its data for mended" } as const;

const steer = (name: keyof typeof told) => async (cli: Cli, given: string, options: { readonly by?: string }): Promise<void> => {
  const pipeline = readName(given, "pipeline");
  const settings = await cli.settings();
  const input = name === "unblock" ? [{ by: await personOf(options.by) }] : [];
  await withStore(settings, (store) => knownPipeline(store, pipeline));
  await withTemporal(settings, (access) => inTime(access, `${name} of ${retrainingId(pipeline)}`, () => access.client.workflow.signalWithStart("retraining", {
    workflowId: retrainingId(pipeline), taskQueue, args: [{ pipeline }], signal: name, signalArgs: input,
  })));
  const temporal = temporalLine(settings.temporal, ["workflow", "signal"], { "workflow-id": retrainingId(pipeline), name, ...(input.length === 0 ? {} : { input: input[0]! }) });
  cli.give({ pipeline, signal: name, temporal }, `${pipeline} ${told[name]}`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn retraining status ${pipeline}`));
};

export const pause = steer("pause");
export const resume = steer("resume");
export const unblock = steer("unblock");

/** Starts a run of the definition in force, for a person. It answers all that waits, whatever cooldown and budgets say. */
export async function trigger(cli: Cli, given: string, options: { readonly asOf?: string; readonly by?: string }): Promise<void> {
  const pipeline = readName(given, "pipeline");
  const cause: Cause = { kind: "person", key: randomUUID(), by: await personOf(options.by) };
  await send(cli, pipeline, cause, async (store) => {
    const definition = await inForce(store, pipeline);
    return { definition, asOf: options.asOf === undefined ? new Date().toISOString() : readPast("--as-of", options.asOf, (await readDefinition(store, definition)).timezone) };
  });
}

/** Brings a changed definition: a cause of its own, which starts one run for each definition. */
export async function define(cli: Cli, file: string, options: { readonly by?: string }): Promise<void> {
  const definition = await loadDefinition(file);
  await send(cli, definition.name, { kind: "definition", key: "", by: await personOf(options.by) }, async (store) => ({ definition: await putJsonBlob(store, definition), asOf: new Date().toISOString() }));
}

async function send(cli: Cli, pipeline: string, cause: Cause, what: (store: ObjectStore) => Promise<Pick<Trigger, "definition" | "asOf">>): Promise<void> {
  const settings = await cli.settings();
  const { definition, asOf } = await withStore(settings, what);
  const sent: Trigger = { pipeline, asOf, definition, cause: cause.kind === "definition" ? { ...cause, key: definition.sha256 } : cause };
  await withTemporal(settings, (access) => sendTrigger(access, sent));
  const temporal = triggerLine(settings.temporal, sent);
  cli.give({ pipeline, cause: sent.cause, asOf, definition: definition.sha256, temporal }, `${retrainingId(pipeline)} has the cause: ${sent.cause.kind} as of ${shortTime(asOf)}`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn retraining status ${pipeline}`));
}

async function inForce(store: ObjectStore, pipeline: string): Promise<BlobRef> {
  const found = await definitionInForce(store, pipeline);
  if (found === null) throw await unknown(store, pipeline);
  return found;
}

/** Changes settings of the definition's `retrain` while it runs: `cooldown=P3D`, `maxPerMonth=default`. */
export async function set(cli: Cli, given: string, assignments: readonly string[], options: { readonly by?: string; readonly reason?: string }): Promise<void> {
  const pipeline = readName(given, "pipeline");
  const change = Object.fromEntries(assignments.map(readAssignment));
  const input = { change, by: `${await personOf(options.by)} (claimed)`, ...(options.reason === undefined ? {} : { reason: readText("--reason", options.reason, 4_000) }) };
  const settings = await cli.settings();
  await withStore(settings, (store) => knownPipeline(store, pipeline));
  const inForceNow = await withTemporal(settings, (access) => configure(access, pipeline, input));
  const temporal = temporalLine(settings.temporal, ["workflow", "execute-update-with-start"], { "workflow-id": retrainingId(pipeline), type: "retraining", "task-queue": taskQueue, "id-conflict-policy": "UseExisting", input: { pipeline }, "update-name": "configure", "update-input": input });
  cli.give({ pipeline, change: inForceNow, temporal }, `${pipeline}: ${settingText(change)}${Object.keys(inForceNow).length === 0 ? "; the definition holds as it is written" : ""}`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn retraining status ${pipeline}`));
}

async function configure(access: TemporalAccess, pipeline: string, input: object): Promise<object> {
  const { WithStartWorkflowOperation } = await import("@temporalio/client");
  const startWorkflowOperation = new WithStartWorkflowOperation("retraining", { workflowId: retrainingId(pipeline), taskQueue, args: [{ pipeline }], workflowIdConflictPolicy: "USE_EXISTING" });
  return inTime(access, `configure of ${retrainingId(pipeline)}`, () => access.client.workflow.executeUpdateWithStart("configure", { startWorkflowOperation, args: [input] }), 30_000) as Promise<object>;
}

function readAssignment(text: string): [string, unknown] {
  const [, name, value] = /^([A-Za-z]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new RelearnError("Usage", `${JSON.stringify(text.slice(0, 80))} sets nothing: write it as cooldown=P3D, maxPerMonth=4, mode=manual, or maxPerMonth=default for what the definition says`);
  if (value === "default") return [name, null];
  if (value === "true" || value === "false") return [name, value === "true"];
  if (name === "cooldown") checkDuration(value);
  return [name, /^\d+(\.\d+)?$/.test(value) ? Number(value) : value];
}

function checkDuration(value: string): void {
  try {
    addDuration("2001-01-01T00:00:00Z", readText("cooldown", value, 40), "UTC");
  } catch (error) {
    throw new RelearnError("Usage", `cooldown=${value.slice(0, 40)} is no duration: write days as cooldown=P3D, hours as cooldown=PT12H`, { cause: error });
  }
}

async function knownPipeline(store: ObjectStore, pipeline: string): Promise<void> {
  if ((await definitionInForce(store, pipeline)) === null) throw await unknown(store, pipeline);
}

const unknown = async (store: ObjectStore, pipeline: string): Promise<RelearnError> => notAmong("pipeline", pipeline, await listPipelines(store), "`relearn run <definition>` starts one");

import { wellFormed } from "../policy/well-formed.ts";
import { type Alarm, remedy } from "../schemas/alarm.ts";
import { name, type BlobRef } from "../schemas/names.ts";
import { putAlarm } from "../stores/alarms.ts";
import { firstArrival } from "../stores/arrivals.ts";
import { definitionInForce } from "../stores/definition-in-force.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { inParallel } from "../stores/parallel.ts";
import type { HookSource, Occurrence } from "./occurrence.ts";
import type { Retraining } from "./retraining.ts";
import { toleranceMs } from "./signatures/time-window.ts";

/** Occurrences of one request, and who sent them. */
export interface Delivery {
  readonly source: HookSource;
  readonly sender: string;
  /** From the path; null where the labels say. */
  readonly pipeline: string | null;
  readonly occurrences: readonly Occurrence[];
  readonly may: (pipeline: string) => boolean;
}

export interface Ports {
  readonly store: ObjectStore;
  readonly retraining: Retraining;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What became of one occurrence. `status`: as HTTP would say it; 202: Temporal has it. */
export type Taken =
  | { readonly status: 202; readonly key: string; readonly workflowId: string }
  | { readonly status: 200 | 400 | 403 | 404; readonly key: string; readonly reason: string };

/** More causes than a pipeline's queue holds say nothing new. */
const most = 100;
const atATime = 8;

/**
 * Makes each occurrence an alarm, and hands it to its pipeline's `retraining`. The same occurrence is the same alarm and the same cause, however often it comes.
 * @throws RelearnError `TemporalUnavailable`, `StoreUnavailable`: then all of it may be sent again.
 */
export async function takeOccurrences({ occurrences, ...delivery }: Delivery, ports: Ports): Promise<readonly Taken[]> {
  const definitions = new Map<string, Promise<BlobRef | null>>();
  const definitionOf = (pipeline: string): Promise<BlobRef | null> => {
    const known = definitions.get(pipeline) ?? definitionInForce(ports.store, pipeline);
    definitions.set(pipeline, known);
    return known;
  };
  const different = distinct(occurrences);
  const firing = different.filter(({ moot }) => moot === null);
  const moot = different.flatMap(({ key, moot: reason }): Taken[] => (reason === null ? [] : [{ status: 200, key, reason }]));
  const tooMany = firing.slice(most).map(({ key }): Taken => ({ status: 400, key, reason: `only the first ${most} occurrences of one request are taken` }));
  return [...(await inParallel(firing.slice(0, most), atATime, (occurrence) => take(occurrence, delivery, ports, definitionOf))), ...moot, ...tooMany];
}

/** Those of one cause and one pipeline once. */
const distinct = (occurrences: readonly Occurrence[]): readonly Occurrence[] => [...new Map(occurrences.map((one) => [JSON.stringify([one.pipeline, one.key, one.moot]), one])).values()];

type Addressed = Omit<Delivery, "occurrences">;

async function take(occurrence: Occurrence, delivery: Addressed, { store, retraining, now }: Ports, definitionOf: (pipeline: string) => Promise<BlobRef | null>): Promise<Taken> {
  const { key } = occurrence;
  const pipeline = delivery.pipeline ?? occurrence.pipeline;
  if (pipeline === null) return { key, status: 400, reason: "it names no pipeline: give it a label `pipeline` (an event: the attribute, or data.pipeline), or post to /v1/hooks/SOURCE/PIPELINE" };
  const refusal = refusalOf(pipeline, occurrence, delivery, now());
  if (refusal !== null) return { key, ...refusal };
  const definition = await definitionOf(pipeline);
  if (definition === null) return { key, status: 404, reason: `there is no pipeline ${pipeline} that has ever run: run it once (\`relearn run DEFINITION\`), then it can be sent alarms` };
  const at = occurrence.at ?? (await firstArrival(store, pipeline, key, new Date(now()).toISOString()));
  const alarm = alarmOf(occurrence, pipeline, delivery, at);
  await putAlarm(store, alarm);
  const { id, kind, proposal, message } = alarm;
  const workflowId = await retraining.trigger({ cause: { kind: "webhook", key, by: delivery.source }, asOf: alarm.at, definition, pipeline, alarm: { id, kind, proposal, message } });
  return { status: 202, key, workflowId };
}

function refusalOf(pipeline: string, { pipeline: said, proposal, at }: Occurrence, { pipeline: path, may }: Addressed, nowMs: number): { readonly status: 400 | 403; readonly reason: string } | null {
  if (!name.safeParse(pipeline).success) return { status: 400, reason: `pipeline: ${shown(pipeline)} is no name of a pipeline` };
  if (path !== null && said !== null && said !== path) return { status: 400, reason: `its label names the pipeline ${shown(said)}, and the path ${path}` };
  if (!may(pipeline)) return { status: 403, reason: `this sender may not speak of ${pipeline}` };
  if (proposal !== null && !remedy.safeParse(proposal).success) return { status: 400, reason: `relearn_proposal: must be one of ${remedy.options.join(", ")}, found ${shown(proposal)}` };
  if (at !== null && Date.parse(at) > nowMs + toleranceMs) return { status: 400, reason: `its time ${at} has not come yet by this machine's clock` };
  return null;
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 60));

function alarmOf({ key, at: began, proposal, message, evidence }: Occurrence, pipeline: string, { source, sender }: Addressed, at: string): Alarm {
  return {
    version: 1, id: key, pipeline, model: pipeline, v: null, kind: "external", shape: null, began, window: null, at,
    message: wellFormed(message.slice(0, 4_000)), evidence: evidence.map((one) => ({ ...one, metric: wellFormed(one.metric) })), proposal: proposal === null ? "retrain" : remedy.parse(proposal), source: `${source}: ${sender}`,
  };
}

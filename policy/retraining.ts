import type { AlarmKind, AlarmRef, Remedy } from "../schemas/alarm.ts";
import type { Trigger } from "../schemas/cause.ts";
import { wellFormed } from "./well-formed.ts";

/** A queue keeps at most this many causes of a training, and as many of evaluating versions again; more of them say nothing new. */
export const maxCauses = 100;

/** Folds one more trigger into the queue; the same cause twice is one. What asks for a version has room of its own, so that no flood of causes keeps it out. */
export function fold(queue: readonly Trigger[], trigger: Trigger): readonly Trigger[] {
  const known = queue.some((other) => isSame(other, trigger));
  const alike = queue.filter((other) => (other.version === undefined) === (trigger.version === undefined));
  return known || alike.length >= maxCauses ? queue : [...queue, trigger];
}

/** Whether two triggers tell of the same occasion. */
export const isSame = (a: Trigger, b: Trigger): boolean => a.cause.kind === b.cause.kind && a.cause.key === b.cause.key;

/** The triggers that one run answers: all that ask for the same as the first, a training or one version. The others wait for their own. */
export function nextOf(queue: readonly Trigger[]): readonly Trigger[] {
  return queue.filter(({ version }) => version === queue[0]?.version);
}

/** The trigger whose definition and time a folded run takes: the newest `asOf`, the last sent among equals. */
export function leading(triggers: readonly Trigger[]): Trigger | null {
  return triggers.reduce<Trigger | null>((best, trigger) => (best === null || trigger.asOf >= best.asOf ? trigger : best), null);
}

/**
 * What answers a trigger that waits, where that is another than it asked for: the queued run takes the newest time of all that
 * are folded into it. Null where it gets what it asked for, or is not queued.
 */
export function foldedInto(queue: readonly Trigger[], key: string): Trigger | null {
  const own = queue.find(({ cause }) => cause.key === key);
  const lead = own === undefined ? null : leading(queue.filter(({ version }) => version === own.version));
  return own === undefined || lead === null || (lead.asOf === own.asOf && lead.definition.sha256 === own.definition.sha256) ? null : lead;
}

/** Whether somebody sat down and asked: what a person wants runs, whatever the budgets say. */
export const isAsked = ({ cause, version }: Pick<Trigger, "cause" | "version">): boolean => cause.kind === "person" || version !== undefined;

const kinds: ReadonlySet<unknown> = new Set(["person", "schedule", "alarm", "webhook", "data", "definition"]);
const alarmKinds: ReadonlySet<unknown> = new Set(["broken-data", "data-drift", "concept-drift", "prediction-drift", "quality", "skew", "service", "external"]);
const remedies: ReadonlySet<unknown> = new Set(["retrain", "roll-back", "fix-data", "ignore"]);

export const alarmsStartNothing = "retrain.onDrift is false";

/** Whether an alarm asks for something else than a run: it is decided at once, whatever runs or waits. */
export const asksNoRun = (trigger: Trigger): boolean => trigger.alarm !== undefined && trigger.alarm.proposal !== "retrain" && !isAsked(trigger);

/** Reads a `trigger` signal; anything may arrive. Null where it is none. */
export function readTrigger(args: readonly unknown[], pipeline: string): Trigger | null {
  const value = args[0] as Partial<Trigger> | null | undefined;
  if (args.length !== 1 || typeof value !== "object" || value === null) return null;
  const { cause, asOf, definition, version, alarm } = value;
  const causeFits = kinds.has(cause?.kind) && typeof cause?.key === "string" && cause.key.length <= 200;
  const definitionFits = typeof definition?.sha256 === "string" && /^[0-9a-f]{64}$/.test(definition.sha256) && typeof definition.bytes === "number";
  const versionFits = version === undefined || (Number.isInteger(version) && version >= 1);
  const read = alarm === undefined ? undefined : readAlarm(alarm);
  if (!causeFits || !definitionFits || !versionFits || read === null || typeof asOf !== "string" || Number.isNaN(Date.parse(asOf)) || value.pipeline !== pipeline) return null;
  return {
    cause: { kind: cause.kind, key: wellFormed(cause.key), by: typeof cause.by === "string" ? wellFormed(cause.by.slice(0, 120)) : null }, asOf, definition: { sha256: definition.sha256, bytes: definition.bytes }, pipeline,
    ...(version === undefined ? {} : { version }), ...(read === undefined ? {} : { alarm: read }),
  };
}

/** Reads what a cause says of its alarm. Null where it is none. */
export function readAlarm(value: unknown): AlarmRef | null {
  if (typeof value !== "object" || value === null) return null;
  const { id, kind, proposal, message } = value as Partial<AlarmRef>;
  const fits = typeof id === "string" && /^[0-9a-f]{64}$/.test(id) && alarmKinds.has(kind) && remedies.has(proposal) && typeof message === "string";
  return fits ? { id, kind: kind as AlarmKind, proposal: proposal as Remedy, message: wellFormed(message.slice(0, 4_000)) } : null;
}

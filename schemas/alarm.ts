import { z } from "zod";
import { versionNumber } from "./commit.ts";
import { name } from "./names.ts";
import { instant, window } from "./time.ts";

/**
 * What an alarm says has happened. `broken-data`: the pipe, not the world, so that retraining on it would make it worse. `data-drift`: P(x).
 * `concept-drift`: P(y|x). `prediction-drift`: what the model answers. `quality`: it is wrong more often, or is thought to be. `skew`: it
 * is served other features than it was trained on. `service`: slow, failing, silent. `external`: another system says so.
 */
export const alarmKind = z.enum(["broken-data", "data-drift", "concept-drift", "prediction-drift", "quality", "skew", "service", "external"]);
export type AlarmKind = z.infer<typeof alarmKind>;

/** What can be done about an alarm. */
export const remedy = z.enum(["retrain", "roll-back", "fix-data", "ignore"]);
export type Remedy = z.infer<typeof remedy>;

/** One figure that speaks for an alarm. `limit`: what it was held against. `p`: of "nothing has changed", after the correction for looking at many. */
export const alarmEvidence = z.strictObject({
  metric: z.string().max(200),
  /** Column, slice or title. Null: the model as a whole. */
  subject: z.string().max(400).nullable(),
  observed: z.number().nullable(),
  limit: z.number().nullable(),
  reference: z.number().nullable(),
  p: z.number().nullable(),
  rows: z.int().min(0),
}).readonly();
export type AlarmEvidence = z.infer<typeof alarmEvidence>;

/** `reports/<model>/alarms/<reversed time>-<id>.json`: written once. */
export const alarm = z.strictObject({
  version: z.literal(1),
  /** The same for the same finding in the same window, or of an external one for the same delivery. */
  id: z.string().regex(/^[0-9a-f]{64}$/),
  pipeline: name,
  model: name,
  /** Version that it speaks of; null where none is known. */
  v: versionNumber.nullable(),
  kind: alarmKind,
  /** Of drift: whether it came at once or little by little. */
  shape: z.enum(["sudden", "gradual"]).nullable(),
  /** When it began, as well as can be told. */
  began: instant.nullable(),
  window: window.nullable(),
  /** Event time: the window's end, or what the sender says. */
  at: instant,
  message: z.string().min(1).max(4_000),
  evidence: z.array(alarmEvidence).max(1_000).readonly(),
  proposal: remedy,
  /** Who sent it, of an external one. */
  source: z.string().max(400).nullable(),
}).readonly();
export type Alarm = z.infer<typeof alarm>;

/** What an alarm's cause carries to `retraining`. */
export const alarmRef = z.strictObject({ id: alarm.unwrap().shape.id, kind: alarmKind, proposal: remedy, message: z.string().max(4_000) }).readonly();
export type AlarmRef = z.infer<typeof alarmRef>;

/** The alarm that says the data is broken. `asked`: a person said so, and only a person takes it back. */
export type DataBlock = AlarmRef & { readonly asked?: true };

/** `reports/<model>/decisions/<alarm id>/<4 digits>.json`: what was decided about an alarm; the last one counts. */
export const alarmDecision = z.strictObject({
  version: z.literal(1),
  alarm: alarm.unwrap().shape.id,
  decision: remedy,
  /** `policy`: the workflow itself; else a person, as claimed. */
  by: z.string().min(1).max(200),
  reason: z.string().min(1).max(4_000),
  at: instant,
  /** Workflow id of the run that answers it. */
  run: z.string().nullable(),
}).readonly();
export type AlarmDecision = z.infer<typeof alarmDecision>;

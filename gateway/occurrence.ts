import { createHash } from "node:crypto";
import type { AlarmEvidence } from "../schemas/alarm.ts";

/** Whose format a hook reads. */
export const hookSources = ["alertmanager", "grafana", "cloudevents", "standard"] as const;
export type HookSource = (typeof hookSources)[number];

/** One thing that another system says has happened. */
export interface Occurrence {
  /** The same in every copy of it; becomes the cause's key and the alarm's id. SHA-256 in hex. */
  readonly key: string;
  /** Null where only the path can say. */
  readonly pipeline: string | null;
  /** When it happened, by the sender's clock; null where the sender does not say. */
  readonly at: string | null;
  /** Why nothing is to be done about it; null where something is. */
  readonly moot: string | null;
  /** As the sender wrote it; null: retrain. */
  readonly proposal: string | null;
  readonly message: string;
  readonly evidence: readonly AlarmEvidence[];
}

/** Types of the events that Relearn itself sends out. */
export const ownEvents = "io.relearn.";

/** What a body says, and what of it can be said of no occurrence. */
export interface Read {
  readonly occurrences: readonly Occurrence[];
  readonly notes: readonly string[];
}

/** SHA-256 of what names an occurrence, parts kept apart by a NUL. */
export const keyOf = (...parts: readonly string[]): string => createHash("sha256").update(parts.join("\0")).digest("hex");

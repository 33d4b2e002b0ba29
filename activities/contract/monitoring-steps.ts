import type { Alarm } from "../../schemas/alarm.ts";
import type { ServerLoad } from "../../schemas/base-window.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { ThresholdChange } from "../../schemas/threshold-change.ts";
import type { Window } from "../../schemas/time.ts";

/** Whose model is watched, and by which definition. */
export interface MonitorStep { readonly pipeline: string; readonly definition: BlobRef }

export interface CloseInput extends MonitorStep {
  /** End of the last window that was closed; null: none yet. */
  readonly cursor: string | null;
  /** Start of the newest hour that was known to have predictions, in milliseconds since 1970. */
  readonly newest: number | null;
  readonly limit: number;
}

export interface Closed {
  /** Base windows that are over, oldest first. */
  readonly windows: readonly Window[];
  /** Until when event time has come. */
  readonly watermark: string | null;
  readonly newest: number | null;
  readonly pollMs: number;
  /** What the live servers say of themselves now; null where none is alive. */
  readonly load: ServerLoad | null;
}

export interface LateInput extends MonitorStep {
  readonly cursor: string;
  /** The newest object that was seen, by the store's clock. */
  readonly seen: string;
  /** Objects of labels from about that time that were told of. */
  readonly told?: readonly string[];
  /** The newest snapshot that was seen. */
  readonly snapshot?: string | null;
}

export interface LateFound {
  /** Closed windows for which there are newer predictions, and newer labels. */
  readonly windows: readonly Window[];
  readonly labelled: readonly Window[];
  readonly seen: string;
  readonly told: readonly string[];
  /** The newest snapshot; windows that it covers are among the labelled where it is another than before. */
  readonly snapshot?: string | null;
}

export interface ObserveInput extends MonitorStep {
  readonly windows: readonly Window[];
  /** Windows that are counted already, and whose labels, or whose prepared data, have come since. */
  readonly labelled: readonly Window[];
  /** Set where they were told of before: every report up to here whose span covers what has changed is told anew. */
  readonly until: string | null;
  readonly load: ServerLoad | null;
}

/** One version's report, for people: all of it is in the store. */
export interface ObservedReport {
  readonly v: number;
  readonly window: Window;
  readonly revision: number;
  readonly rows: { readonly base: number; readonly over: number };
  /** Column with the largest PSI. */
  readonly worst: { readonly column: string; readonly psi: number } | null;
  readonly quality: { readonly metric: string; readonly value: number; readonly estimated: boolean } | null;
}

/** What a judgement hands on to the next one of the same version, as the judge understands it: plain JSON. */
export type JudgeState = Readonly<Record<string, number>>;

export interface JudgeInput extends MonitorStep {
  /** Oldest first. */
  readonly reports: readonly Pick<ObservedReport, "v" | "window">[];
  /** By version. */
  readonly open: Readonly<Record<string, JudgeState>>;
  /** They were judged before, and told anew since: what they newly show is told, and nothing is closed by them. */
  readonly restated?: boolean;
}

export type RaisedAlarm = Pick<Alarm, "id" | "v" | "kind" | "shape" | "at" | "window" | "message" | "proposal">;

export interface JudgedWindows { readonly alarms: readonly RaisedAlarm[]; readonly open: JudgeInput["open"] }

export interface Observed { readonly reports: readonly ObservedReport[]; readonly problems: readonly string[] }

/** Steps of `monitoring`. */
export interface MonitoringActivities {
  /** Which base windows are over by event time, at most `limit`. */
  closeWindows(input: CloseInput): Promise<Closed>;
  /** Closed windows to which predictions or labels have come since. */
  lateWindows(input: LateInput): Promise<LateFound>;
  /** Counts windows and tells what each version was like in them. */
  observeWindows(input: ObserveInput): Promise<Observed>;
  /** Says which of these reports alarm, and keeps the alarms: the same finding in the same window is one. */
  judgeWindows(input: JudgeInput): Promise<JudgedWindows>;
  /** Puts a change of a threshold on the record. */
  recordThreshold(input: { readonly pipeline: string; readonly change: Omit<ThresholdChange, "version" | "n"> }): Promise<ThresholdChange>;
}

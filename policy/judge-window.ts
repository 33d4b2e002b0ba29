import type { Alarm, AlarmKind } from "../schemas/alarm.ts";
import type { Monitors } from "../schemas/monitors.ts";
import type { WindowReport } from "../schemas/window-report.ts";
import { changeOf } from "./change-of.ts";
import { type Found, findInWindow } from "./find-in-window.ts";

/** An alarm, less what names it. */
export type AlarmDraft = Pick<Alarm, "kind" | "shape" | "began" | "message" | "evidence" | "proposal">;

/** What has alarmed and not cleared, by key: in how many windows since it was not found. Plain JSON. */
export type OpenFindings = Readonly<Record<string, number>>;

export interface JudgedWindow {
  readonly alarms: readonly AlarmDraft[];
  readonly open: OpenFindings;
}

/** So many windows in a row without it, and a finding is closed. */
const quietToClose = 2;

/** Evidence that one alarm carries at most. */
const mostEvidence = 100;

const order: readonly AlarmKind[] = ["broken-data", "skew", "service", "concept-drift", "quality", "data-drift", "prediction-drift"];

/**
 * What a window says that has not been said: one alarm a kind, with all that newly speaks for it. What was found before and goes on is not said again; it
 * clears once it has not been found for two windows, and it is found until it lies well below its limit.
 */
export function judgeWindow(input: { readonly settings: Monitors; readonly report: WindowReport; readonly history: readonly WindowReport[]; readonly open: OpenFindings | undefined }): JudgedWindow {
  const { settings, report, history, open = {} } = input;
  const found = findInWindow({ settings, report, history, open: new Set(Object.keys(open)) });
  const fresh = found.filter(({ key }) => !(key in open));
  const alarms = order.flatMap((kind) => alarmOf(kind, fresh.filter((one) => one.kind === kind), report, history));
  return { alarms, open: openAfter(open, found) };
}

/** What was found of a version that does not serve any more clears as the windows of the one that does pass. */
export const passedBy = (open: OpenFindings): OpenFindings => openAfter(open, []);

function openAfter(open: OpenFindings, found: readonly Found[]): OpenFindings {
  const keys = new Set(found.map(({ key }) => key));
  const lingering = Object.entries(open).flatMap(([key, quiet]) => (keys.has(key) || quiet + 1 >= quietToClose ? [] : [[key, quiet + 1] as const]));
  return Object.fromEntries([...lingering, ...[...keys].map((key) => [key, 0] as const)]);
}

function alarmOf(kind: AlarmKind, fresh: readonly Found[], report: WindowReport, history: readonly WindowReport[]): AlarmDraft[] {
  const [first] = fresh.toSorted((a, b) => excess(b) - excess(a));
  if (first === undefined) return [];
  const sorted = fresh.toSorted((a, b) => excess(b) - excess(a));
  const { shape, began } = changeOf(first.evidence, report, history);
  const more = sorted.length === 1 ? "" : `; and ${sorted.slice(1, 6).map(({ evidence: { subject, metric } }) => subject ?? metric).join(", ")}${sorted.length > 6 ? ` and ${sorted.length - 6} more` : ""}`;
  return [{ kind, shape, began, proposal: first.proposal, message: `${first.message}${more}`.slice(0, 4_000), evidence: sorted.slice(0, mostEvidence).map(({ evidence }) => evidence) }];
}

/** How far beyond its limit, as a share of it. */
function excess({ evidence: { observed, limit } }: Found): number {
  return observed === null || limit === null ? 0 : Math.abs(observed - limit) / Math.max(Math.abs(limit), 1e-9);
}

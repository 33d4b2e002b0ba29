import type { Refusal } from "../schemas/acceptance.ts";
import type { Ingested } from "../schemas/dataset.ts";
import type { Finding } from "../schemas/validation.ts";
import { count, counted } from "./counted.ts";
import { distrustText } from "./distrusted-sources.ts";
import { finePercent } from "./percent.ts";

/** Rows by label. */
export type LabelCounts = Readonly<Record<string, number>>;

/** Odds of a label that moved by this factor or more are another label. */
const absurdOdds = 8;
const fewestLabels = 200;

/**
 * Quarantined rows, by reason: recorded, and a stop where they are more than `max` of the new rows, or of all.
 * @param counts rows that came in and were refused, of the new partitions and of all.
 */
export function quarantineFindings(refusals: readonly Refusal[], counts: readonly { readonly in: number; readonly quarantined: number }[], max: number): Finding[] {
  const worst = Math.max(0, ...counts.map((count) => (count.in === 0 ? 0 : count.quarantined / count.in)));
  const effect = worst > max ? "stopped" : "quarantined";
  const share = `${(worst * 100).toFixed(2)} % of rows are quarantined, validation.maxQuarantined is ${max * 100} %`;
  return refusals.map(({ rule, column, rows, example }) => ({
    check: "quarantine", subject: column === "" ? rule : column, effect, rows,
    message: `${describeRule(rule, column)} in ${counted(rows, "row")}${example === null ? "" : `, such as ${JSON.stringify(example)}`}${effect === "stopped" ? `; ${share}: mend the source` : ""}`,
  }));
}

const ruleTexts: Readonly<Record<string, string>> = {
  type: "cannot be read as its type", null: "is null and must not be", min: "is below its min", max: "is above its max", values: "is none of its values", maxLength: "is longer than its maxLength",
  size: "is not of its size", finite: "is no finite number", label: "has no label", time: "has a time that cannot be read",
};

function describeRule(rule: string, column: string): string {
  return column === "" ? `rule ${JSON.stringify(rule)} is broken` : `column ${column} ${ruleTexts[rule] ?? `breaks ${JSON.stringify(rule)}`}`;
}

/** Senders whose labels were left out: recorded with the evidence, and a stop where they sent more than `max` of all labels. */
export function distrustFindings(distrusted: NonNullable<Ingested["distrusted"]>, max: number): Finding[] {
  return distrusted.flatMap(({ source, labels, by }) => {
    const share = by.reduce((sum, one) => sum + one.labels, 0) / labels;
    const advice = share > max ? `; ${finePercent(share)} of the labels of ${source} are not trusted, validation.maxDistrusted is ${max * 100} %: find out what happened at the sender` : "";
    return by.map((one): Finding => ({ check: "label source", subject: one.source, effect: share > max ? "stopped" : "quarantined", rows: one.labels, message: `${distrustText(one)}; its rows are left out${advice}` }));
  });
}

/** A window without rows is no evidence; neither is a classification whose labels are all the same. */
export function windowFindings(window: string, rows: number, label: string, labels: LabelCounts | null): Finding[] {
  const stop = (check: string, subject: string, message: string): Finding => ({ check, subject, effect: "stopped", rows, message });
  if (rows === 0) return [stop("empty window", window, `the ${window} window has no accepted row: land its data, or choose another window`)];
  const classes = Object.keys(labels ?? {});
  if (labels !== null && classes.length < 2) return [stop("one class", label, `every label (${label}) in the ${window} window is ${JSON.stringify(classes[0])}: nothing can be learned from it, or judged by it`)];
  return [];
}

/** Columns that hold nothing at all among the new rows. */
export function emptyColumnFindings(columns: readonly { readonly column: string; readonly rows: number; readonly nulls: number }[]): Finding[] {
  const empty = columns.filter(({ rows, nulls }) => rows > 0 && nulls === rows);
  return empty.map(({ column, rows }): Finding => ({ check: "empty column", subject: column, effect: "stopped", rows, message: `column ${column} is null in every new row (${count(rows)}): was its export or join lost?` }));
}

/** Stops where the share of a class moved so far that its labels must mean something else. */
export function labelFindings(column: string, before: LabelCounts, now: LabelCounts): Finding[] {
  const total = (counts: LabelCounts) => Object.values(counts).reduce((sum, n) => sum + n, 0);
  const [rows, reference] = [total(now), total(before)];
  if (Math.min(rows, reference) < fewestLabels) return [];
  const odds = (n: number, of: number) => (n + 1) / (of - n + 1);
  const moved = Object.keys({ ...before, ...now }).flatMap((label) => {
    const [was, is] = [before[label] ?? 0, now[label] ?? 0];
    const factor = odds(is, rows) / odds(was, reference);
    const frequent = Math.max(was / reference, is / rows) >= 0.05;
    return frequent && Math.max(factor, 1 / factor) >= absurdOdds ? [{ label, was: was / reference, is: is / rows }] : [];
  });
  return moved.map(({ label, was, is }): Finding => ({
    check: "label share", subject: column, effect: "stopped", rows,
    message: `label ${column} is ${JSON.stringify(label)} in ${(is * 100).toFixed(1)} % of the new rows, and ${(was * 100).toFixed(1)} % of the reference's: were labels turned round, or not all delivered?`,
  }));
}

/**
 * Rows that training and holdout share. With a key any is a stop; without one, exact rows are, where they are well above
 * the rate between two windows that are known to be apart: twice it and half a percent more.
 */
export function overlapFindings(overlap: { readonly shared: number; readonly holdout: number; readonly usual: number | null }): Finding[] {
  const { shared, holdout, usual } = overlap;
  const allowed = usual === null ? 0 : holdout * (2 * usual + 0.005);
  if (shared <= allowed) return [];
  const what = usual === null ? `${counted(shared, "key of the holdout is", "keys of the holdout are")} in the training window too` : `the training window holds ${count(shared)} of ${counted(holdout, "row")} of the holdout, where ${count(Math.round(holdout * usual))} would be usual`;
  return [{ check: "overlap", subject: "holdout", effect: "stopped", rows: shared, message: `${what}: a model would be judged on rows it has seen; mend the source` }];
}

/** Share of rows that were dropped as duplicates by key, beyond which the key no longer names a row. */
const mostDuplicates = 0.2;

export function duplicateFindings(partitions: readonly { readonly name: string; readonly rows: number; readonly duplicates: number }[], key: readonly string[]): Finding[] {
  const rows = partitions.reduce((sum, partition) => sum + partition.rows, 0);
  const duplicates = partitions.reduce((sum, partition) => sum + partition.duplicates, 0);
  if (duplicates === 0) return [];
  const share = duplicates / (rows + duplicates);
  const stopped = share >= mostDuplicates;
  const message = `${counted(duplicates, "new row")} (${(share * 100).toFixed(1)} %) dropped for having the key (${key.join(", ")}) of another${stopped ? ": does it still name a row? Mend the source, or declare another key" : ""}`;
  return [{ check: "duplicates", subject: key.join(", "), effect: stopped ? "stopped" : "harmless", rows: duplicates, message }];
}

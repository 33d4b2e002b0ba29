import type { ColumnDrift, Finding } from "../schemas/validation.ts";
import { percent } from "./percent.ts";

/** What was measured of one column in the new rows against its reference. */
export interface ColumnEvidence {
  readonly column: string;
  /** New rows, nulls included. */
  readonly rows: number;
  /** New partitions: an odd day is no broken column. */
  readonly partitions: number;
  readonly drift: ColumnDrift;
  readonly sentinel: { readonly value: number; readonly share: number } | null;
  readonly unit: { readonly how: string } | null;
  /** Hours. */
  readonly clockShift: number | null;
  readonly categories: { readonly share: number; readonly expected: number; readonly distinct: number; readonly values: readonly string[] } | null;
  /** Distinct values of the reference; null where it is no category. */
  readonly knownCategories: number | null;
  readonly precision: string | null;
}

/** Fewer new rows can look like anything. */
const fewestRows = 200;

/** A share of nulls must grow by this much, and its odds by this factor; a share below the last counts as that. */
const [nullGrowth, nullOdds, smallestNullShare] = [0.1, 8, 0.01];

/** In fewer partitions than these, digits are only recorded as lost, and a column with nulls before must lose this share. */
const [fewestPartitions, nullsOfFew] = [3, 0.8];

/** New categories stop a run from this share on; in a column of few well-known values from the second. */
const [newShare, newShareOfFew, few] = [0.05, 0.01, 64];

/** Findings about columns that broke: each names the column, what was found and what to do. */
export function columnFindings(evidence: ColumnEvidence, maxDrift: number | null): Finding[] {
  if (evidence.rows < fewestRows) return [];
  const stop = (check: string, rows: number, message: string): Finding => ({ check, subject: evidence.column, effect: "stopped", rows: Math.round(rows), message });
  return [...brokenValues(evidence, stop), ...brokenShares(evidence, stop), ...tooMuchDrift(evidence, maxDrift, stop)];
}

type Stop = (check: string, rows: number, message: string) => Finding;

function brokenValues({ column, rows, partitions, sentinel, unit, clockShift, precision }: ColumnEvidence, stop: Stop): Finding[] {
  const found: Finding[] = [];
  if (sentinel !== null) found.push(stop("sentinel", sentinel.share * rows, `column ${column}: the value ${sentinel.value}, which the reference does not know, is in ${percent(sentinel.share)} of the new rows: does it stand for "none"? Make it null at the source, or declare the column's min and max`));
  if (unit !== null) found.push(stop("unit", rows, `column ${column}: its values look ${unit.how} against the reference, with the same shape: was its unit changed?`));
  if (clockShift !== null) found.push(stop("clock", rows, `time column ${column} is shifted by ${clockShift > 0 ? "+" : ""}${clockShift} h against the reference: was its time zone changed, or lost?`));
  if (precision !== null) found.push(partitions < fewestPartitions ? oddDay(column, rows, precision) : stop("precision", rows, `column ${column}: its values are ${precision} now, and were finer in the reference: were they rounded?`));
  return found;
}

const oddDay = (column: string, rows: number, precision: string): Finding => ({ check: "precision", subject: column, effect: "harmless", rows, message: `column ${column}: its values are ${precision} in the new rows, which are few` });

function brokenShares({ column, rows, partitions, drift, categories, knownCategories }: ColumnEvidence, stop: Stop): Finding[] {
  const found: Finding[] = [];
  const before = drift.referenceNullShare ?? drift.nullShare;
  if (isNullSurge(before, drift.nullShare, partitions)) {
    found.push(stop("null rate", drift.nullShare * rows, `column ${column}: ${percent(drift.nullShare)} of the new rows are null, and ${percent(before)} of the reference: is a join or an export broken?`));
  }
  if (categories === null || categories.distinct === 0) return found;
  const limit = knownCategories !== null && knownCategories <= few ? newShareOfFew : newShare;
  const names = categories.values.map((value) => JSON.stringify(value)).join(", ");
  const message = `column ${column}: ${categories.distinct} new ${categories.distinct === 1 ? "value" : "values"} (${names}${categories.distinct > categories.values.length ? ", ..." : ""}) in ${percent(categories.share)} of the new rows`;
  if (categories.share >= Math.max(limit, 5 * categories.expected)) found.push(stop("new values", categories.share * rows, `${message}: were categories renamed? Map them in prepare, or declare them`));
  else found.push({ check: "new values", subject: column, effect: "harmless", rows: Math.round(categories.share * rows), message });
  return found;
}

function isNullSurge(before: number, now: number, partitions: number): boolean {
  if (partitions < fewestPartitions && before >= smallestNullShare && now < nullsOfFew) return false;
  const odds = (share: number) => share / (1 - Math.min(share, 0.999));
  return now - before >= nullGrowth && odds(now) >= nullOdds * odds(Math.max(before, smallestNullShare));
}

function tooMuchDrift({ column, rows, drift }: ColumnEvidence, maxDrift: number | null, stop: Stop): Finding[] {
  if (maxDrift === null || drift.psi === null || drift.psi <= maxDrift) return [];
  return [stop("drift", rows, `column ${column}: PSI ${drift.psi.toFixed(3)} against the reference is above validation.maxDrift ${maxDrift}`)];
}

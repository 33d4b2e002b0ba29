import type { Refusal } from "../../schemas/acceptance.ts";
import type { Ingested, Snapshot } from "../../schemas/dataset.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { ColumnSketch, Sketch } from "../../schemas/sketch.ts";
import type { ColumnDrift, Finding } from "../../schemas/validation.ts";
import { type ColumnEvidence, columnFindings } from "../../policy/column-findings.ts";
import { distrustFindings, duplicateFindings, emptyColumnFindings, type LabelCounts, labelFindings, overlapFindings, quarantineFindings, windowFindings } from "../../policy/data-findings.ts";
import { distrustedLimit } from "../../policy/label-limits.ts";
import { type PartitionRows, rowCountFindings } from "../../policy/row-count-band.ts";
import { clockShift } from "../../stats/clock-shift.ts";
import { columnDrift, nullShare, rowsOf } from "../../stats/column-drift.ts";
import { newCategories } from "../../stats/new-categories.ts";
import { precisionLoss } from "../../stats/precision-loss.ts";
import { sentinel } from "../../stats/sentinel.ts";
import { unitChange } from "../../stats/unit-change.ts";
import type { Contract } from "../../tables/contract.ts";
import type { Judged } from "./accept-partitions.ts";
import type { Overlap } from "./count-overlap.ts";

/** All that the checks of a data set look at. */
export interface Evidence {
  readonly definition: Definition;
  readonly contract: Contract;
  readonly dataset: Ingested;
  readonly golden: readonly Judged[];
  readonly partitions: readonly Judged[];
  /** Partitions that the last accepted snapshot does not hold; all of a first run's. */
  readonly fresh: readonly Judged[];
  readonly last: Snapshot | null;
  /** Sketch of the fresh partitions; of the reference's training partitions. */
  readonly current: Sketch;
  readonly reference: Sketch | null;
  readonly overlap: Overlap;
}

/** A first run has no history but its own, of which the recent past is the fairer part. */
const firstRunPartitions = 56;

export function checkDataset(evidence: Evidence): { readonly findings: readonly Finding[]; readonly drift: readonly ColumnDrift[] } {
  const { definition, contract, dataset, fresh, current, reference } = evidence;
  const columns = Object.entries(current.columns);
  const measured = reference === null ? [] : columns.map(([name, column]) => measure(name, reference.columns[name], column, fresh.filter(({ acceptance }) => acceptance.rows > 0).length));
  const findings = [
    ...dataset.notes.map((message): Finding => ({ check: "ingest", subject: "files", effect: "harmless", rows: 0, message })),
    ...quarantine(evidence),
    ...distrustFindings(dataset.distrusted ?? [], distrustedLimit(definition)),
    ...duplicateFindings(fresh.map(({ name, prepared }) => ({ name, rows: prepared.rows, duplicates: prepared.duplicates })), contract.key),
    ...rowCounts(evidence),
    ...(["train", "holdout"] as const).flatMap((role) => oneWindow(evidence, role)),
    ...emptyColumnFindings(columns.map(([column, sketch]) => ({ column, rows: rowsOf(sketch), nulls: Math.round(nullShare(sketch) * rowsOf(sketch)) }))),
    ...labels(evidence),
    ...measured.flatMap((column) => columnFindings(column, definition.validation.maxDrift)),
    ...overlapFindings(evidence.overlap),
  ];
  return { findings, drift: measured.map(({ drift }) => drift) };
}

function measure(column: string, reference: ColumnSketch | undefined, current: ColumnSketch, partitions: number): ColumnEvidence {
  const rows = rowsOf(current);
  const none = { column, rows, partitions, drift: columnDrift(column, reference, current), sentinel: null, unit: null, clockShift: null, categories: null, knownCategories: null, precision: null };
  if (reference === undefined || rowsOf(reference) === 0) return none;
  const precision = precisionLoss(reference, current);
  if (reference.kind === "number" && current.kind === "number") return { ...none, precision, sentinel: sentinel(reference, current, rows), unit: unitChange(reference, current) };
  if (reference.kind === "time" && current.kind === "time") return { ...none, precision, clockShift: clockShift(reference, current) };
  if (reference.kind !== "category" || current.kind !== "category") return none;
  return { ...none, categories: newCategories(reference, current), knownCategories: reference.values.length };
}

function quarantine({ golden, partitions, fresh, dataset, definition, contract, last }: Evidence): Finding[] {
  const known = new Set(last?.files.map(({ uri, sha256 }) => `${uri} ${sha256}`));
  const newFiles = new Set(dataset.files.filter(({ uri, sha256 }) => !known.has(`${uri} ${sha256}`)).map(({ uri }) => uri));
  const timeless = (uris: (uri: string) => boolean) => dataset.timeless.filter(({ uri }) => uris(uri)).reduce((sum, { rows }) => sum + rows, 0);
  const [allTimeless, freshTimeless] = [timeless(() => true), timeless((uri) => newFiles.has(uri))];
  const count = (list: readonly Judged[], lost: number) => ({
    in: list.reduce((sum, { prepared }) => sum + prepared.rows, lost),
    quarantined: list.reduce((sum, { acceptance }) => sum + (acceptance.quarantined?.rows ?? 0), lost),
  });
  const refusals = [...addRefusals([...golden, ...partitions]), ...(allTimeless === 0 ? [] : [{ rule: "time", column: contract.time, rows: allTimeless, example: null }])];
  return quarantineFindings(refusals, [count(partitions, allTimeless), count(fresh, freshTimeless)], definition.validation.maxQuarantined);
}

function addRefusals(judged: readonly Judged[]): Refusal[] {
  const sums = new Map<string, Refusal>();
  for (const { rule, column, rows, example } of judged.flatMap(({ acceptance }) => acceptance.refusals)) {
    const sum = sums.get(`${rule} ${column}`);
    sums.set(`${rule} ${column}`, { rule, column, rows: rows + (sum?.rows ?? 0), example: sum?.example ?? example });
  }
  return [...sums.values()].sort((a, b) => b.rows - a.rows);
}

function rowCounts({ last, fresh, partitions, definition }: Evidence): Finding[] {
  const own = (list: readonly Judged[]): PartitionRows[] => list.map(({ name, prepared }) => ({ name, rows: prepared.rows }));
  const { rowCountBand } = definition.validation;
  if (last === null) return rowCountFindings(own(partitions), own(partitions).slice(-firstRunPartitions), rowCountBand);
  const history = last.partitions.map(({ name, rows, reserved, withheld, quarantined }) => ({ name, rows: rows + (reserved?.rows ?? 0) + withheld + quarantined }));
  return rowCountFindings(history, own(fresh), rowCountBand);
}

function oneWindow({ partitions, contract }: Evidence, role: "train" | "holdout"): Finding[] {
  const window = partitions.filter((partition) => partition.role === role);
  const rows = window.reduce((sum, { acceptance }) => sum + acceptance.rows, 0);
  return windowFindings(role, rows, contract.label.column, contract.label.task === "regression" ? null : labelCounts(window));
}

function labels({ fresh, reference, contract }: Evidence): Finding[] {
  const before = reference?.columns[contract.label.column];
  if (contract.label.task === "regression" || before?.kind !== "category") return [];
  return labelFindings(contract.label.column, Object.fromEntries(before.values), labelCounts(fresh));
}

export function labelCounts(judged: readonly Judged[]): LabelCounts {
  const counts: Record<string, number> = {};
  for (const [label, n] of judged.flatMap(({ acceptance }) => acceptance.labels ?? [])) counts[label] = (counts[label] ?? 0) + n;
  return counts;
}

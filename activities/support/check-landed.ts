import { count, counted } from "../../policy/counted.ts";
import type { LandingRecord } from "../../schemas/dataset.ts";
import type { Definition } from "../../schemas/definition.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { LandingFile } from "../../stores/landing.ts";
import { kindOf } from "../../tables/column-sql.ts";
import { preparedColumns, primarySource } from "../../tables/prepared-columns.ts";

/** A file as it was found now, and what it held. */
export interface LandedRecord { readonly file: LandingFile; readonly record: LandingRecord }

/** Rows more than a day outside their file's calendar span stop it above this share. */
const strayShare = 0.01;

/** @throws RelearnError `DataRefused` when a file holds another span than its name says. */
export function checkSpan({ file, record }: LandedRecord): string[] {
  const { rows, outside, farOutside, uri } = record;
  if (file.span === null || outside === 0) return [];
  const share = `${count(farOutside)} of ${counted(rows, "row")} (${((farOutside / rows) * 100).toFixed(1)} %)`;
  if (farOutside > rows * strayShare) throw new RelearnError("DataRefused", `${uri} has ${share} more than a day outside ${file.span.from} to ${file.span.to}: is it another span's file under this name?`);
  return [`${uri} has ${count(outside)} of ${counted(rows, "row")} outside its own calendar span`];
}

/** Files whose bytes are those of an earlier one are left out: a delivery under two names is harmless. */
export function withoutCopies(landed: readonly LandedRecord[]): { readonly kept: readonly LandedRecord[]; readonly notes: readonly string[] } {
  const first = new Map<string, string>();
  const notes: string[] = [];
  const kept = landed.filter(({ record }) => {
    const earlier = first.get(record.sha256);
    if (earlier !== undefined) notes.push(`${record.uri} holds the same bytes as ${earlier} and is ignored`);
    else first.set(record.sha256, record.uri);
    return earlier === undefined;
  });
  return { kept, notes };
}

/** What became of the rows that a model was asked about, over all partitions. */
export function answeredNotes(source: string, records: readonly LandingRecord[], arrives: string): string[] {
  const all = records.flatMap(({ answered }) => (answered === undefined ? [] : [answered]));
  const sum = (of: keyof NonNullable<LandingRecord["answered"]>) => all.reduce((total, one) => total + one[of], 0);
  if (sum("rows") === 0) return [];
  const late = sum("late") === 0 ? "" : `; of ${count(sum("late"))} a label came after ${arrives} and is not used`;
  return [`source ${source}: of ${counted(sum("rows"), "answered row")} ${count(sum("withoutConsent"))} came without consent and ${count(sum("withoutLabel"))} had no label within ${arrives}${late}`];
}

/**
 * Holds the columns of one source's files against each other and against the definition.
 * A column counts as needed when the definition declares it (without `prepare`) or when `prepare` names it.
 * @throws RelearnError `DataRefused` naming both files when a needed column is missing, renamed or of another kind.
 */
export function checkColumns(definition: Definition, source: string, records: readonly LandingRecord[]): string[] {
  const needed = neededColumns(definition, source, records);
  const reference = records[0];
  if (reference === undefined) return [];
  const notes = new Set<string>();
  for (const record of records) {
    refuseMissing(record, records, needed);
    refuseRetyped(record, reference, needed);
    for (const note of harmless(record, reference)) notes.add(note);
  }
  return [...notes];
}

function neededColumns(definition: Definition, source: string, records: readonly LandingRecord[]): ReadonlySet<string> {
  const { time, key } = definition.sources[source]!;
  const own = [time, ...(key === undefined ? [] : [key].flat())];
  if (definition.prepare === undefined) return new Set(source === primarySource(definition) ? preparedColumns(definition).map(({ name }) => name) : own);
  const words = new Set(definition.prepare.toLowerCase().match(/[a-z_][a-z0-9_]*/g));
  const declared = source === primarySource(definition) ? new Set(Object.keys(definition.columns)) : new Set<string>();
  const present = records.flatMap(({ columns }) => columns.map(({ name }) => name));
  return new Set([...own, ...present.filter((name) => words.has(name.toLowerCase()) || declared.has(name))]);
}

const has = (record: LandingRecord, name: string) => record.columns.some((column) => column.name.toLowerCase() === name.toLowerCase());

function refuseMissing(record: LandingRecord, records: readonly LandingRecord[], needed: ReadonlySet<string>): void {
  const missing = [...needed].filter((name) => !has(record, name));
  if (missing.length === 0) return;
  const other = records.find((one) => has(one, missing[0]!));
  const others = records.filter((one) => one !== record);
  const fresh = record.columns.map(({ name }) => name).filter((name) => !needed.has(name) && !others.some((one) => has(one, name)));
  const seen = other === undefined ? "" : `, which ${other.uri} has`;
  const hint = fresh.length === 0 ? "" : `; it has ${fresh.join(", ")} instead: was it renamed?`;
  throw new RelearnError("DataRefused", `${record.uri} has no column ${missing.join(", ")}${seen}${hint}`);
}

function refuseRetyped(record: LandingRecord, reference: LandingRecord, needed: ReadonlySet<string>): void {
  for (const { name, type } of reference.columns) {
    const found = record.columns.find((column) => column.name === name);
    if (found === undefined || !needed.has(name) || kindOf(found.type) === kindOf(type)) continue;
    throw new RelearnError("DataRefused", `${record.uri}: column ${name} is ${found.type}, but ${type} in ${reference.uri}: it was retyped`);
  }
}

function harmless(record: LandingRecord, reference: LandingRecord): string[] {
  const names = (one: LandingRecord) => one.columns.map(({ name }) => name);
  const added = names(record).filter((name) => !has(reference, name));
  const gone = names(reference).filter((name) => !has(record, name));
  const shared = (one: LandingRecord, other: LandingRecord) => names(one).filter((name) => has(other, name)).join(",").toLowerCase();
  return [
    ...added.map((name) => `${record.uri}: column ${name} is new`),
    ...gone.map((name) => `${record.uri}: column ${name} is gone; nothing names it`),
    ...(shared(record, reference) === shared(reference, record) ? [] : [`${record.uri}: its columns stand in another order`]),
  ];
}

import { join } from "node:path";
import type { CalendarSpan } from "../schemas/calendar.ts";
import { addDuration } from "../schemas/calendar.ts";
import type { Definition } from "../schemas/definition.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { Source } from "../schemas/source.ts";
import { badList, badType, convertText, convertTyped, hidden } from "./column-sql.ts";
import { parquetOptions } from "./partition-rows.ts";
import { isRowFact, labelledColumns } from "./labelled-rows-sql.ts";
import { keyColumns, preparedColumns, primarySource } from "./prepared-columns.ts";
import { id, quote } from "./quote.ts";
import type { LandingColumn } from "./read-landing.ts";
import type { BoundColumn, Sandbox } from "./sql-child.ts";

/** A piece of a landing file as `prepare` may see it. */
export interface InputPiece {
  /** Local Parquet file inside the sandbox's scratch folder. */
  readonly path: string;
  readonly uri: string;
  /** Name of the partition that its rows are in. */
  readonly partition: string;
  /** Columns of the landing file, in its order. */
  readonly columns: readonly LandingColumn[];
}

/** What `prepare` is to be run on: the loaded rows, and the columns it gives over them. */
export interface LoadedInput {
  readonly definition: Definition;
  readonly bound: readonly BoundColumn[];
  /** For messages. */
  readonly files: readonly string[];
}

export interface PreparedFile { readonly path: string; readonly rows: number; readonly duplicates: number; readonly notes: readonly string[] }

/** Changes when prepared bytes change for another reason than their input. */
export const prepareFormat = 1;

/** Everything of a definition that decides what `prepare` makes of the same pieces. */
export function prepareContract(definition: Definition): unknown {
  const { prepare, primary, columns, label, sources, timezone } = definition;
  const read = Object.entries(sources).map(([name, { format, time, key, lookback }]) => ({ name, format, time, key, lookback }));
  return { format: prepareFormat, prepare, primary, columns: Object.entries(columns).map(([name, column]) => ({ name, column: { ...column, description: undefined, private: undefined } })), label: { column: label.column, task: label.task }, read, timezone };
}

/** Tables that `prepare` may read. */
export function prepareTables(definition: Definition): string[] {
  return [...presentSources(definition), ...pastSources(definition).map((name) => `${name}_past`)];
}

/** Sources of which `prepare` looks at the past; the others cannot change what it gives. */
export function pastSources({ prepare = "", sources }: Definition): string[] {
  return Object.keys(sources).filter((name) => new RegExp(`\\b${name}_past\\b`, "i").test(prepare));
}

/** Sources whose rows of the partition itself `prepare` sees: the primary one, and predictions, which come beside it. */
export function presentSources(definition: Definition): string[] {
  const { prepare = "", sources } = definition;
  const beside = Object.entries(sources).filter(([name, { format }]) => format === "predictions" && new RegExp(`\\b${name}\\b`, "i").test(prepare));
  return [...new Set([primarySource(definition), ...beside.map(([name]) => name)])];
}

/** Every source whose files a run needs. */
export function usedSources(definition: Definition): string[] {
  return [...new Set([...presentSources(definition), ...pastSources(definition)])];
}

/** Instant from which `<source>_past` sees: each row of the partition sees at least `lookback` before itself. */
export function pastFrom(source: Source, span: CalendarSpan, zone: string): string {
  return addDuration(span.from, source.lookback, zone, -1);
}

/**
 * Loads the pieces of many partitions, by source, so that each partition is a filter over tables in the sandbox.
 * Every source needs at least one piece, for its columns; only predictions have theirs by the definition. `prepare` must have passed `checkSelect`.
 * @throws RelearnError `InvalidSql` when `prepare` does not fit the columns.
 */
export async function loadInput(sandbox: Sandbox, definition: Definition, pieces: Readonly<Record<string, readonly InputPiece[]>>): Promise<LoadedInput> {
  const primary = primarySource(definition);
  for (const [name, own] of Object.entries(pieces)) await sandbox.run(`source ${name}`, own.length === 0 ? emptySql(definition, name) : loadSql(inputTable(name), own));
  await sandbox.run("prepare", prepareViews(definition, { name: "", from: "1970-01-01T00:00:00Z", to: "1970-01-01T00:00:00Z" }, pieces));
  const files = [...new Set((pieces[primary] ?? []).map(({ uri }) => uri))];
  return { definition, files, bound: await sandbox.bind("prepare", `select * from (${selectOf(definition)}\n)`) };
}

/**
 * Makes one prepared partition: `prepare` over its views, every column brought to its declared type, duplicates by key dropped,
 * sorted. Values that could not be read are null, with an entry in `__bad`; `__file` and `__row` say where a row came from
 * (null where `prepare` did not select them from the primary source).
 * @throws RelearnError `InvalidSql` when `prepare` fails or lacks a column, `DataRefused` when a column has another kind of values.
 */
export async function preparePartition(sandbox: Sandbox, { definition, bound, files }: LoadedInput, span: CalendarSpan, pieces: Readonly<Record<string, readonly InputPiece[]>>, folder: string): Promise<PreparedFile> {
  const { sql, notes } = typedSelect(definition, bound, selectOf(definition), files);
  return writePrepared(sandbox, { title: `prepare (partition ${span.name})`, views: prepareViews(definition, span, pieces), sql, notes, definition, path: join(folder, `${span.name}.parquet`) });
}

/** Brings rows that already have the prepared shape (a golden set) to their types. */
export async function prepareGolden(sandbox: Sandbox, definition: Definition, name: string, source: Source, pieces: readonly InputPiece[], folder: string): Promise<PreparedFile> {
  const title = `golden set ${name}`;
  const view = viewOf("golden", source, definition, { table: inputTable("golden"), columns: columnsOf(pieces), origin: true, where: "true" });
  await sandbox.run(title, [...loadSql(inputTable("golden"), pieces), view]);
  const bound = await sandbox.bind(title, "select * from golden");
  const { sql, notes } = typedSelect({ ...definition, prepare: undefined }, bound, "select * from golden", pieces.map(({ uri }) => uri));
  return writePrepared(sandbox, { title, views: [], sql, notes, definition, path: join(folder, `golden-${name}.parquet`) });
}

const selectOf = (definition: Definition) => definition.prepare ?? `select * from ${id(primarySource(definition))}`;
const inputTable = (source: string) => `__in_${source}`;

/** One table of all pieces of a source, each row with the file and partition it came from. */
function loadSql(table: string, pieces: readonly InputPiece[]): string[] {
  const origins = pieces.map(({ path, uri, partition }) => `(${quote(path)}, ${quote(uri)}, ${quote(partition)})`);
  const files = pieces.map(({ path }) => quote(path));
  return [
    `create or replace table ${id(table)} as select p.* exclude (__path), o.uri as ${hidden.file}, o.part as __part
     from read_parquet([${files.join(", ")}], union_by_name = true, filename = '__path') p join (values ${origins.join(", ")}) o(path, uri, part) on p.__path = o.path`,
  ];
}

/** A model that was not asked yet has no rows, and all their columns. */
function emptySql(definition: Definition, name: string): string[] {
  const columns = [...knownColumns(definition, name), { name: hidden.row, type: "BIGINT" }, { name: hidden.file, type: "VARCHAR" }, { name: "__part", type: "VARCHAR" }];
  return [`create or replace table ${id(inputTable(name))} as select ${columns.map((column) => `null::${column.type} as ${id(column.name)}`).join(", ")} where false`];
}

function knownColumns(definition: Definition, name: string): readonly LandingColumn[] {
  const source = definition.sources[name]!;
  return source.format === "predictions" ? labelledColumns(definition, source) : [];
}

function prepareViews(definition: Definition, span: CalendarSpan, pieces: Readonly<Record<string, readonly InputPiece[]>>): string[] {
  const present = presentSources(definition);
  const view = (name: string, source: string, where: string) => viewOf(name, definition.sources[source]!, definition, { table: inputTable(source), columns: columnsOf(pieces[source]!, knownColumns(definition, source)), origin: present.includes(name), where });
  const views = present.map((name) => view(name, name, `__part = ${quote(span.name)}`));
  const past = pastSources(definition).map((name) => {
    const source = definition.sources[name]!;
    const from = pastFrom(source, span, definition.timezone);
    return view(`${name}_past`, name, `${id(source.time)} >= ${quote(from)}::timestamptz and ${id(source.time)} < ${quote(span.to)}::timestamptz`);
  });
  return [...views, ...past];
}

interface ViewOptions { readonly table: string; readonly columns: readonly string[]; readonly origin: boolean; readonly where: string }

function columnsOf(pieces: readonly InputPiece[], otherwise: readonly LandingColumn[] = []): string[] {
  const columns = pieces.length === 0 ? otherwise : pieces.flatMap((piece) => piece.columns);
  return [...new Set(columns.map(({ name }) => name))];
}

function viewOf(name: string, source: Source, definition: Definition, { table, columns, origin, where }: ViewOptions): string {
  const converted = columns.map((column) => ({ column, ...readColumn(column, source, definition) }));
  const selected = converted.map(({ column, value }) => `${value} as ${id(column)}`);
  const origins = origin ? [hidden.file, hidden.row, `${badList(converted.map(({ column, bad }) => ({ column, bad, raw: id(column) })))} as ${hidden.bad}`] : [];
  return `create or replace temp view ${id(name)} as select ${[...selected, ...origins].join(", ")} from ${id(table)} where ${where}`;
}

/** Text formats arrive as text: columns that the definition declares get their type here, so that `prepare` can compute with them. */
function readColumn(name: string, source: Source, definition: Definition): { readonly value: string; readonly bad: string | null } {
  const declared = definition.columns[name] ?? preparedColumns(definition).find((column) => column.name === name)?.column;
  const typed = source.format === "parquet" || (source.format === "predictions" && (isRowFact(name) || definition.columns[name]?.feature === true));
  if (typed || declared === undefined || name === source.time) return { value: id(name), bad: null };
  return convertText(declared, id(name));
}

function typedSelect(definition: Definition, bound: readonly BoundColumn[], select: string, files: readonly string[]): { readonly sql: string; readonly notes: readonly string[] } {
  const types = new Map(bound.map(({ name, type }) => [name.toLowerCase(), type]));
  const where = files.length === 0 ? "the data" : files.length === 1 ? files[0]! : `${files[0]!} and ${files.length - 1} more`;
  const columns = preparedColumns(definition).map(({ name, column }) => {
    const type = types.get(name.toLowerCase());
    if (type === undefined) throw missingColumn(definition, name, bound, where);
    const conversion = convertTyped(column, id(name), type);
    if (conversion === null) throw new RelearnError("DataRefused", `column ${name} is declared as ${column.type} but arrives as ${type} (${where}): was it retyped?`);
    return { name, ...conversion };
  });
  const wanted = new Set([...columns.map(({ name }) => name.toLowerCase()), ...Object.values(hidden)]);
  const dropped = bound.filter(({ name }) => !wanted.has(name.toLowerCase())).map(({ name }) => name);
  const inherited = types.has(hidden.bad) ? `coalesce(${hidden.bad}, []::${badType})` : `[]::${badType}`;
  const bad = columns.some((column) => column.bad !== null) ? `list_concat(${inherited}, ${badList(columns.map(({ name, bad: condition }) => ({ column: name, bad: condition, raw: id(name) })))})` : inherited;
  const origins = [
    `${types.has(hidden.file) ? hidden.file : "null"}::varchar as ${hidden.file}`,
    `${types.has(hidden.row) ? hidden.row : "null"}::bigint as ${hidden.row}`,
    `${bad} as ${hidden.bad}`,
  ];
  return {
    sql: `select ${[...columns.map(({ name, value }) => `${value} as ${id(name)}`), ...origins].join(", ")} from (${select}\n)`,
    notes: dropped.length === 0 ? [] : [`not declared, so left out: ${dropped.join(", ")}`],
  };
}

function missingColumn(definition: Definition, name: string, bound: readonly BoundColumn[], where: string): RelearnError {
  const declared = new Set(preparedColumns(definition).map((column) => column.name.toLowerCase()));
  const fresh = bound.map((column) => column.name).filter((other) => !declared.has(other.toLowerCase()) && !other.startsWith("__"));
  const hint = fresh.length === 0 ? "" : `; undeclared columns are ${fresh.join(", ")}: was it renamed?`;
  if (definition.prepare !== undefined) return new RelearnError("InvalidSql", `prepare does not give the column ${name}, which the definition needs${hint}`);
  return new RelearnError("DataRefused", `column ${name} is missing in ${where}${hint}`);
}

interface Prepared { readonly title: string; readonly views: readonly string[]; readonly sql: string; readonly notes: readonly string[]; readonly definition: Definition; readonly path: string }

async function writePrepared(sandbox: Sandbox, { title, views, sql, notes, definition, path }: Prepared): Promise<PreparedFile> {
  const keys = keyColumns(definition);
  const keyed = keys.map((name) => `${id(name)} is not null`).join(" and ");
  const kept = keys.length === 0 ? "count(*)" : `count(distinct (${keys.map(id).join(", ")})) filter (${keyed}) + count(*) filter (not (${keyed}))`;
  const [counts] = await sandbox.run(title, [...views, `create or replace temp table prepared as select * from (${sql}) order by all`, `select count(*) as total, ${kept} as kept from prepared`]);
  const total = counts!["total"] as number;
  const rows = counts!["kept"] as number;
  await sandbox.run(title, `copy ${rows === total ? "prepared" : `(${onceSql(keys, keyed, preparedColumns(definition).map(({ name }) => name))})`} to ${quote(path)} ${parquetOptions}`);
  return { path, rows, duplicates: total - rows, notes };
}

/** Of the rows with one key the first in sort order stays; rows without a key all stay, for validation to judge. */
function onceSql(keys: readonly string[], keyed: string, columns: readonly string[]): string {
  const order = [...columns, hidden.file, hidden.row].map(id).join(", ");
  return `select * from prepared qualify not (${keyed}) or row_number() over (partition by ${keys.map(id).join(", ")} order by ${order}) = 1 order by all`;
}

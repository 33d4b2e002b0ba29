import { join } from "node:path";
import type { CalendarSpan } from "../schemas/calendar.ts";
import { addDuration } from "../schemas/calendar.ts";
import type { Definition } from "../schemas/definition.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { Source } from "../schemas/source.ts";
import { badList, badType, convertText, convertTyped, hidden } from "./column-sql.ts";
import { parquetOptions } from "./partition-rows.ts";
import { keyColumns, preparedColumns, primarySource } from "./prepared-columns.ts";
import { id, quote } from "./quote.ts";
import type { LandingColumn } from "./read-landing.ts";
import type { BoundColumn, Sandbox } from "./sql-child.ts";

/** A piece of a landing file as `prepare` may see it. */
export interface InputPiece {
  /** Local Parquet file inside the sandbox's scratch folder. */
  readonly path: string;
  readonly uri: string;
  /** Columns of the landing file, in its order. */
  readonly columns: readonly LandingColumn[];
}

/** All that one run of `prepare` sees. */
export interface PartitionInput {
  readonly span: CalendarSpan;
  /** Pieces of the primary source in this partition. */
  readonly primary: readonly InputPiece[];
  /** By source: pieces that overlap its lookback, up to the partition's end. */
  readonly past: Readonly<Record<string, readonly InputPiece[]>>;
  /** By source, for its columns where a partition has no piece at all. */
  readonly sample: Readonly<Record<string, InputPiece>>;
}

export interface PreparedFile { readonly path: string; readonly rows: number; readonly duplicates: number; readonly notes: readonly string[] }

/** Changes when prepared bytes change for another reason than their input. */
export const prepareFormat = 1;

/** Everything of a definition that decides what `prepare` makes of the same pieces. */
export function prepareContract(definition: Definition): unknown {
  const { prepare, columns, label, sources, timezone } = definition;
  const read = Object.entries(sources).map(([name, { format, time, key, lookback }]) => ({ name, format, time, key, lookback }));
  return { format: prepareFormat, prepare, columns: Object.entries(columns).map(([name, { description: _, ...column }]) => ({ name, column })), label: { column: label.column, task: label.task }, read, timezone };
}

/** Tables that `prepare` may read. */
export function prepareTables(definition: Definition): string[] {
  return [primarySource(definition), ...Object.keys(definition.sources).map((name) => `${name}_past`)];
}

/** Instant from which `<source>_past` sees: each row of the partition sees at least `lookback` before itself. */
export function pastFrom(source: Source, span: CalendarSpan, zone: string): string {
  return addDuration(span.from, source.lookback, zone, -1);
}

/**
 * Makes one prepared partition: `prepare` over its views, every column brought to its declared type, duplicates by key dropped,
 * sorted. Values that could not be read are null, with an entry in `__bad`; `__file` and `__row` say where a row came from
 * (null where `prepare` did not select them from the primary source). `prepare` must have passed `checkSelect`.
 * @throws RelearnError `InvalidSql` when `prepare` fails or lacks a column, `DataRefused` when a column has another kind of values.
 */
export async function preparePartition(sandbox: Sandbox, definition: Definition, input: PartitionInput, folder: string): Promise<PreparedFile> {
  const title = `prepare (partition ${input.span.name})`;
  await sandbox.run(title, prepareViews(definition, input));
  const select = definition.prepare ?? `select * from ${id(primarySource(definition))}`;
  const bound = await sandbox.bind(title, `select * from (${select}\n)`);
  const { sql, notes } = typedSelect(definition, bound, select, input.primary.map(({ uri }) => uri));
  return writePrepared(sandbox, { title, sql, notes, columns: preparedColumns(definition).map(({ name }) => name), keys: keyColumns(definition), path: join(folder, `${input.span.name}.parquet`) });
}

/** Brings rows that already have the prepared shape (a golden set) to their types. */
export async function prepareGolden(sandbox: Sandbox, definition: Definition, name: string, source: Source, pieces: readonly InputPiece[], folder: string): Promise<PreparedFile> {
  const title = `golden set ${name}`;
  await sandbox.run(title, [viewOf("golden", source, definition, pieces, true)]);
  const bound = await sandbox.bind(title, "select * from golden");
  const { sql, notes } = typedSelect(definition, bound, "select * from golden", pieces.map(({ uri }) => uri));
  return writePrepared(sandbox, { title, sql, notes, columns: preparedColumns(definition).map((column) => column.name), keys: keyColumns(definition), path: join(folder, `golden-${name}.parquet`) });
}

function prepareViews(definition: Definition, input: PartitionInput): string[] {
  const primary = primarySource(definition);
  const views = [viewOf(primary, definition.sources[primary]!, definition, input.primary.length > 0 ? input.primary : [input.sample[primary]!], true, input.primary.length > 0 ? "true" : "false")];
  if (definition.prepare === undefined) return views;
  for (const [name, source] of Object.entries(definition.sources)) {
    const pieces = input.past[name] ?? [];
    const from = pastFrom(source, input.span, definition.timezone);
    const within = pieces.length === 0 ? "false" : `${id(source.time)} >= ${quote(from)}::timestamptz and ${id(source.time)} < ${quote(input.span.to)}::timestamptz`;
    views.push(viewOf(`${name}_past`, source, definition, pieces.length > 0 ? pieces : [input.sample[name]!], false, within));
  }
  return views;
}

function viewOf(name: string, source: Source, definition: Definition, pieces: readonly InputPiece[], origin: boolean, where = "true"): string {
  const names = [...new Set(pieces.flatMap(({ columns }) => columns.map((column) => column.name)))];
  const converted = names.map((column) => ({ column, ...readColumn(column, source, definition) }));
  const selected = converted.map(({ column, value }) => `${value} as ${id(column)}`);
  const origins = origin ? [`${fileSql(pieces)} as ${hidden.file}`, hidden.row, `${badList(converted.map(({ column, bad }) => ({ column, bad, raw: id(column) })))} as ${hidden.bad}`] : [];
  const files = pieces.map(({ path }) => quote(path)).join(", ");
  return `create or replace temp view ${id(name)} as select ${[...selected, ...origins].join(", ")} from read_parquet([${files}], union_by_name = true, filename = '__path') where ${where}`;
}

/** Text formats arrive as text: columns that the definition declares get their type here, so that `prepare` can compute with them. */
function readColumn(name: string, source: Source, definition: Definition): { readonly value: string; readonly bad: string | null } {
  const declared = definition.columns[name] ?? preparedColumns(definition).find((column) => column.name === name)?.column;
  if (source.format === "parquet" || declared === undefined || name === source.time) return { value: id(name), bad: null };
  return convertText(declared, id(name));
}

function fileSql(pieces: readonly InputPiece[]): string {
  const cases = pieces.map(({ path, uri }) => `when ${quote(path)} then ${quote(uri)}`);
  return `case __path ${cases.join(" ")} end`;
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

async function writePrepared(sandbox: Sandbox, { title, sql, notes, columns, keys, path }: { title: string; sql: string; notes: readonly string[]; columns: readonly string[]; keys: readonly string[]; path: string }): Promise<PreparedFile> {
  const key = keys.map(id).join(", ");
  const keyed = keys.map((name) => `${id(name)} is not null`).join(" and ");
  const once = keys.length === 0 ? "" : `qualify not (${keyed}) or row_number() over (partition by ${key} order by ${[...columns, hidden.file, hidden.row].map(id).join(", ")}) = 1`;
  const kept = keys.length === 0 ? "count(*)" : `count(distinct (${key})) filter (${keyed}) + count(*) filter (not (${keyed}))`;
  const [counts] = await sandbox.run(title, [
    `create or replace temp table prepared as ${sql}`,
    `copy (select * from prepared ${once} order by all) to ${quote(path)} ${parquetOptions}`,
    `select count(*) as total, ${kept} as kept from prepared`,
  ]);
  const total = counts!["total"] as number;
  const rows = counts!["kept"] as number;
  return { path, rows, duplicates: total - rows, notes };
}

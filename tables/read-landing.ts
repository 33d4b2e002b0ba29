import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { RelearnError } from "../schemas/failures.ts";
import type { FileFormat } from "../schemas/source.ts";
import { hidden, timeSql } from "./column-sql.ts";
import { csvHeader } from "./csv-header.ts";
import { id, quote } from "./quote.ts";
import { longestLine, scanText } from "./scan-text.ts";
import type { TextScan } from "./scan-text.ts";
import type { Sandbox } from "./sql-child.ts";

export interface LandingFile {
  /** URI, for messages. */
  readonly name: string;
  /** A local copy inside the sandbox's scratch folder. */
  readonly path: string;
  readonly gzip: boolean;
}

export interface LandingColumn { readonly name: string; readonly type: string }

/** How its files are read. `time`: null where no column need tell it. */
export interface LandingSource { readonly format: FileFormat; readonly delimiter?: string | undefined; readonly time: string | null }

export type LandingRead =
  | { readonly status: "read"; readonly columns: readonly LandingColumn[]; readonly rows: number; readonly notes: readonly string[] }
  | { readonly status: "half-written"; readonly reason: string };

/**
 * Reads a landing file to its end into the sandbox's table `landing`: its own columns (text formats: all VARCHAR, as written),
 * `__row` (1-based) and, where a column tells the time, `__time` (TIMESTAMPTZ, null where it cannot be read).
 * @throws RelearnError `DataRefused` naming the file and the row or column.
 */
export async function readLanding(sandbox: Sandbox, file: LandingFile, source: LandingSource, signal?: AbortSignal): Promise<LandingRead> {
  if ((await stat(file.path)).size === 0) return halfWritten(file, "is empty (0 bytes)");
  const path = file.gzip ? await gunzip(file, signal) : file.path;
  if (path === null) return halfWritten(file, "ends before its gzip stream does");
  const read = source.format === "parquet" ? readParquet : source.format === "csv" ? readCsv : readJsonLines;
  const outcome = await read(sandbox, { ...file, path }, source, signal);
  if (outcome.status !== "read") return outcome;
  if (outcome.rows === 0) return halfWritten(file, "holds no rows");
  return outcome;
}

function halfWritten(file: LandingFile, what: string): LandingRead {
  return { status: "half-written", reason: `${file.name} ${what}: it looks half-written; land it whole` };
}

async function gunzip(file: LandingFile, signal?: AbortSignal): Promise<string | null> {
  const path = `${file.path}.plain`;
  try {
    await pipeline(createReadStream(file.path), createGunzip(), createWriteStream(path), { signal });
    return path;
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (code === "Z_BUF_ERROR") return null;
    if (code.startsWith("Z_")) throw new RelearnError("DataRefused", `${file.name} is not a gzip file: ${(error as Error).message}`, { cause: error });
    throw error;
  }
}

async function readParquet(sandbox: Sandbox, file: LandingFile, source: LandingSource): Promise<LandingRead> {
  const from = `read_parquet(${quote(file.path)}, file_row_number = true)`;
  try {
    const described = (await sandbox.run(file.name, `describe select * exclude (file_row_number) from ${from}`)) as unknown as { column_name: string; column_type: string }[];
    const columns = described.map((row) => ({ name: row.column_name, type: row.column_type }));
    return await load(sandbox, file, source, columns, `select * exclude (file_row_number), file_row_number + 1 as ${hidden.row} from ${from}`, []);
  } catch (error) {
    if (!(error instanceof RelearnError) || error.type !== "InvalidSql") throw error;
    return halfWritten(file, `cannot be read to its end (${firstLineOf(error.message, file.name)})`);
  }
}

async function readCsv(sandbox: Sandbox, file: LandingFile, source: LandingSource, signal?: AbortSignal): Promise<LandingRead> {
  const scan = await scanText(file.path, file.name, signal);
  const delimiter = source.delimiter ?? ",";
  const names = headerOf(file, csvHeader(scan.firstLine, delimiter));
  const options = `auto_detect = false, header = true, delim = ${quote(delimiter)}, quote = '"', escape = '"', strict_mode = true, nullstr = '', max_line_size = ${longestLine}`;
  const columns = names.map((name) => ({ name, type: "VARCHAR" }));
  const types = names.map((name) => `${quote(name)}: 'VARCHAR'`).join(", ");
  try {
    return await load(sandbox, file, source, columns, `select *, row_number() over () as ${hidden.row} from read_csv(${quote(file.path)}, ${options}, columns = {${types}})`, endNotes(file, scan));
  } catch (error) {
    return brokenLine(file, scan, error);
  }
}

function headerOf(file: LandingFile, names: readonly string[]): readonly string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RelearnError("DataRefused", `${file.name}, line 1: the column ${JSON.stringify(twice)} is named twice`);
  const empty = names.findIndex((name) => name === "");
  if (empty >= 0) throw new RelearnError("DataRefused", `${file.name}, line 1: column ${empty + 1} has no name`);
  return names;
}

async function readJsonLines(sandbox: Sandbox, file: LandingFile, source: LandingSource, signal?: AbortSignal): Promise<LandingRead> {
  const scan = await scanText(file.path, file.name, signal);
  await sandbox.run(file.name, `create or replace temp table lines as select json, row_number() over () as n from read_ndjson_objects(${quote(file.path)}, ignore_errors = true, maximum_object_size = ${longestLine})`);
  const [broken] = await sandbox.run(file.name, "select min(n) as n, (select max(n) from lines) as last from lines where json is null having min(n) is not null");
  if (broken?.["n"] === broken?.["last"] && broken !== undefined && !scan.endsWithNewline) return halfWritten(file, `ends inside its last line (row ${String(broken["n"])} is half a JSON object)`);
  if (broken !== undefined) throw new RelearnError("DataRefused", `${file.name}, row ${String(broken["n"])}: the line is not JSON`);
  const [odd] = await sandbox.run(file.name, "select n, left(json::varchar, 80) as text from lines where json_type(json) <> 'OBJECT' order by n limit 1");
  if (odd !== undefined) throw new RelearnError("DataRefused", `${file.name}, row ${String(odd["n"])}: a row must be a JSON object, found ${String(odd["text"])}`);
  const keys = (await sandbox.run(file.name, "select key, min(n * 10000 + i) as first from (select n, unnest(json_keys(json)) as key, generate_subscripts(json_keys(json), 1) as i from lines) group by key order by first")) as { key: string }[];
  const clash = keys.find(({ key }, i) => keys.findIndex((other) => other.key.toLowerCase() === key.toLowerCase()) !== i);
  if (clash !== undefined) throw new RelearnError("DataRefused", `${file.name}: two fields are both named ${JSON.stringify(clash.key)} but for upper and lower case, and would be one column`);
  const columns = keys.map(({ key }) => ({ name: key, type: "VARCHAR" }));
  const values = keys.map(({ key }) => `json ->> ${quote(`$."${key.replaceAll('"', '\\"')}"`)} as ${id(key)}`);
  return load(sandbox, file, source, columns, `select ${[...values, `n as ${hidden.row}`].join(", ")} from lines`, endNotes(file, scan));
}

/** Names of ours beside a file's own columns: a file that brought them would say itself where its rows belong. */
const taken = new Set([...Object.values(hidden), "__time", "__part", "__path"]);

async function load(sandbox: Sandbox, file: LandingFile, source: LandingSource, columns: readonly LandingColumn[], select: string, notes: readonly string[]): Promise<LandingRead> {
  const ours = columns.find(({ name }) => taken.has(name.toLowerCase()));
  if (ours !== undefined) throw new RelearnError("DataRefused", `${file.name} has a column ${ours.name}, a name that Relearn gives itself; rename it`);
  const instant = source.time === null ? "" : `, ${instantSql(file, source.time, columns)} as __time`;
  const rows = await sandbox.run(file.name, [`create or replace temp table landing as select *${instant} from (${select})`, "select count(*) as n from landing"]);
  return { status: "read", columns, rows: rows[0]!["n"] as number, notes };
}

function instantSql(file: LandingFile, name: string, columns: readonly LandingColumn[]): string {
  const time = columns.find((column) => column.name === name);
  if (time === undefined) throw new RelearnError("DataRefused", `${file.name} has no column ${name}, which holds the event time; it has ${columns.map((column) => column.name).join(", ")}`);
  const instant = timeSql(id(time.name), time.type);
  if (instant === null) throw new RelearnError("DataRefused", `${file.name}: the event time ${time.name} is ${time.type}; it must be a timestamp, a date or text`);
  return instant;
}

function endNotes(file: LandingFile, scan: TextScan): string[] {
  return scan.endsWithNewline ? [] : [`${file.name} does not end with a newline`];
}

const csvError = /CSV Error on Line: (\d+)\n(?:Original Line: ([\s\S]*?)\n)?((?:Expected|Value|Error|Maximum)[^\n]*)/;

/** A broken last line without an end is a file still being written; any other broken line is somebody's mistake. */
function brokenLine(file: LandingFile, scan: TextScan, error: unknown): LandingRead {
  if (!(error instanceof RelearnError) || error.type !== "InvalidSql") throw error;
  const found = csvError.exec(error.message);
  const line = found === null ? null : Number(found[1]);
  const said = found === null ? firstLineOf(error.message, file.name) : found[3]!.trim();
  if (!scan.endsWithNewline && (line === null || line >= scan.lines)) return halfWritten(file, `ends inside its last line (line ${scan.lines}: ${said})`);
  const text = found?.[2] ? `, found ${JSON.stringify(found[2].slice(0, 120))}` : "";
  throw new RelearnError("DataRefused", `${file.name}, line ${line ?? "unknown"}: ${said}${text}`, { cause: error });
}

function firstLineOf(message: string, name: string): string {
  return message.replace(`${name}: `, "").split("\n")[0]!.replace(/ '[^']*\/[^']*'| "[^"]*\/[^"]*"/g, "");
}

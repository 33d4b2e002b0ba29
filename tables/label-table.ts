import { createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { RelearnError } from "../schemas/failures.ts";
import type { LabelTable } from "../schemas/source.ts";
import type { Window } from "../schemas/time.ts";
import { missingLabelColumn } from "./label-rows-sql.ts";
import { missingPackage, type PostgresClient } from "./postgres.ts";
import { id, quote } from "./quote.ts";

/** OIDs of Postgres's own types (pg_type.dat). */
const types = { numeric: 1700, date: 1082, timestamp: 1114, timestamptz: 1184 } as const;

/** A SELECT of the labels that became known in a span, each with what it shares with rows, as text, and the instant at which it was known. */
export interface LabelSelect {
  readonly names: readonly string[];
  readonly during: (span: Window) => string;
}

/**
 * Looks at a table of labels. A row without a label, or without a time, is no label yet.
 * @param zone IANA name in which a time without a zone is read
 * @throws RelearnError `DataRefused` naming the column that is not there or tells no time
 */
export async function labelSelect(client: PostgresClient, { table, on, label, time, source }: LabelTable, zone: string): Promise<LabelSelect> {
  const from = table.split(".").map(id).join(".");
  const { fields } = await client.query(`select * from ${from} limit 0`);
  const typeOf = (name: string) => fields.find((field) => field.name === name)?.dataTypeID ?? missingLabelColumn(`the table ${table}`, name, fields.map((field) => field.name));
  const text = (name: string) => (typeOf(name) === types.numeric ? `trim_scale(${id(name)})::text` : `${id(name)}::text`);
  const names = [on].flat();
  const columns = [...names.map((name) => `${text(name)} as ${id(name)}`), `${text(label)} as y`, `${instantSql(table, time, typeOf(time), zone)} as known_at`, `${source === undefined ? "null::text" : text(source)} as source`];
  const near = typeOf(time) === types.timestamptz ? () => "true" : nearSql(time, zone);
  return { names, during: (span) => `select * from (select ${columns.join(", ")} from ${from} where ${near(span)}) as labels where y is not null and known_at >= ${instant(span.from)} and known_at < ${instant(span.to)}` };
}

const instant = (iso: string): string => `${quote(iso)}::timestamptz`;

/** By the column as it stands, which an index may know; a day more at each end is longer than any clock change. */
const nearSql = (time: string, zone: string) => ({ from, to }: Window): string => {
  const local = (iso: string) => `(${instant(iso)} at time zone ${quote(zone)})`;
  return `${id(time)} >= ${local(from)} - interval '1 day' and ${id(time)} < ${local(to)} + interval '1 day'`;
};

function instantSql(table: string, name: string, type: number, zone: string): string {
  if (type === types.timestamptz) return id(name);
  if (type === types.timestamp || type === types.date) return `(${id(name)}::timestamp at time zone ${quote(zone)})`;
  throw new RelearnError("DataRefused", `the column ${name} of the table ${table} must be a timestamp or a date, for it says when a label became known`);
}

/**
 * A digest for each of these spans, in which the order of rows does not count; null for one without labels. The server makes them, so that what has not changed
 * is not sent.
 * @param spans adjoining, in order
 */
export async function labelDigests(client: PostgresClient, { during, names }: LabelSelect, spans: readonly Window[]): Promise<(string | null)[]> {
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined) return [];
  const content = [...names.map(id), "y", "extract(epoch from known_at)", "source"].join(", ");
  const sum = (half: string) => `sum(('x' || ${half})::bit(64)::bigint::numeric)`;
  const { rows } = await client.query<{ span: number; digest: string }>(
    `select span, concat_ws(' ', count(*), ${sum("left(h, 16)")}, ${sum("right(h, 16)")}) as digest
     from (select width_bucket(known_at, $1::timestamptz[]) as span, md5(jsonb_build_array(${content})::text) as h from (${during({ from: first.from, to: last.to })}) as l) as hashed group by span`,
    [spans.map(({ from }) => from)],
  );
  const found = new Map(rows.map(({ span, digest }) => [span, digest]));
  return spans.map((_, i) => found.get(i + 1) ?? null);
}

/** Writes a span's labels as lines of JSON, `known_us` in microseconds since 1970. Rows pass one by one. */
export async function writeLabels(client: PostgresClient, { during, names }: LabelSelect, span: Window, path: string, signal: AbortSignal): Promise<void> {
  const { default: QueryStream } = await import("pg-query-stream").catch(missingPackage);
  const facts = [...[...names, "y", "source"].map((name) => `${quote(name)}, ${id(name)}`), `'known_us', (extract(epoch from known_at) * 1000000)::bigint`];
  const rows = client.query(new QueryStream(`select jsonb_build_object(${facts.join(", ")})::text as line from (${during(span)}) as l`, [], { batchSize: 1_000 }));
  const lines = new Transform({ writableObjectMode: true, transform: (row: { readonly line: string }, _, done) => done(null, `${row.line}\n`) });
  await pipeline(rows, lines, createWriteStream(path), { signal });
}

/** A SELECT of such a file in the shape of `labelFileColumns`. */
export function writtenLabelsSql(path: string, names: readonly string[]): string {
  const columns = [...names, "y", "source"].map((name) => `${quote(name)}: 'VARCHAR'`);
  const instant = "make_timestamptz(known_us)";
  return `select ${names.map(id).join(", ")}, y, ${instant} as known_at, ${instant} as received_at, source from read_json(${quote(path)}, format = 'newline_delimited', columns = {${columns.join(", ")}, known_us: 'BIGINT'})`;
}

import type { DuckDBConnection } from "@duckdb/node-api";
import type { BaseWindow, SkewCounts } from "../../schemas/base-window.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import type { Window } from "../../schemas/time.ts";
import { keyOf } from "../../stores/documents.ts";
import { columnNamesSql } from "../../tables/served-sql.ts";
import { skewSql } from "../../tables/skew-sql.ts";
import { localBlobs } from "../support/local-blobs.ts";
import type { MonitorPorts } from "./monitor-ports.ts";
import type { ServedWindow } from "./count-window.ts";
import type { WatchedVersion } from "./watched-version.ts";

/** The partitions of a snapshot that cover a whole window, and what they are called together; null where they do not. */
export function coveringPartitions({ partitions }: Pick<Snapshot, "partitions">, { from, to }: Window): { readonly of: string; readonly blobs: readonly Snapshot["frame"][] } | null {
  const overlapping = partitions.filter((one) => Date.parse(one.from) < Date.parse(to) && Date.parse(one.to) > Date.parse(from));
  const [first, last] = [overlapping[0], overlapping.at(-1)];
  if (first === undefined || last === undefined || Date.parse(first.from) > Date.parse(from) || Date.parse(last.to) < Date.parse(to)) return null;
  const blobs = overlapping.filter(({ rows }) => rows > 0).map(({ blob }) => blob);
  return { of: keyOf(blobs.map(({ sha256 }) => sha256)), blobs };
}

/** What names a version's rows, where they can say it. */
export const rowKey = ({ manifest }: Pick<WatchedVersion, "manifest">): readonly string[] => manifest.key ?? [];

/** Holds what a version was served against what was prepared of the same rows later: each feature must be the same. Undefined where no row is found again. */
export async function countSkew(deps: MonitorPorts, served: ServedWindow, version: WatchedVersion, partitions: NonNullable<ReturnType<typeof coveringPartitions>>, signal: AbortSignal): Promise<SkewCounts | undefined> {
  if (served.files.length === 0 || partitions.blobs.length === 0) return undefined;
  const prepared = await localBlobs(deps, partitions.blobs, signal);
  const [there, made] = [await namesIn(served.connection, served.files), await namesIn(served.connection, prepared)];
  const columns = version.manifest.inputs.filter(({ name }) => there.has(`in_${name}`) && made.has(name));
  const key = rowKey(version);
  if (columns.length === 0 || !key.every((name) => made.has(name))) return undefined;
  const [row = []] = (await served.connection.runAndReadAll(skewSql({ served: served.source, prepared, v: version.v, columns, key }))).getRows();
  const rows = Number(row[0]);
  return rows === 0 ? undefined : { of: partitions.of, rows, differing: Object.fromEntries(columns.map(({ name }, i) => [name, Number(row[i + 1])])) };
}

const namesIn = async (connection: DuckDBConnection, files: readonly string[]): Promise<ReadonlySet<string>> => new Set((await connection.runAndReadAll(columnNamesSql(files))).getRows().map(([name]) => String(name)));

/** Several windows' counts as one; null where none has any. */
export function mergeSkew(bases: readonly Pick<BaseWindow, "skew">[]): Pick<SkewCounts, "rows" | "differing"> | null {
  const all = bases.flatMap(({ skew }) => (skew === undefined ? [] : [skew]));
  if (all.length === 0) return null;
  const differing: Record<string, number> = {};
  for (const one of all) for (const [name, n] of Object.entries(one.differing)) differing[name] = (differing[name] ?? 0) + n;
  return { rows: all.reduce((sum, { rows }) => sum + rows, 0), differing };
}

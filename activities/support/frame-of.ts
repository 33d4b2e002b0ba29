import { join } from "node:path";
import { readJson } from "../../schemas/boundary.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { type ColumnFrame, frame, type Frame, type NumberFrame } from "../../schemas/sketch.ts";
import { getBlob, putJsonBlob } from "../../stores/blobs.ts";
import { getFrameRef } from "../../stores/datasets.ts";
import { numberFrame, sketchKind } from "../../stats/frame.ts";
import type { Contract } from "../../tables/contract.ts";
import { numberFacts } from "../../tables/number-facts.ts";
import { parquetFiles, withDuckDb } from "../../tables/open-duckdb.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Judged } from "./accept-partitions.ts";
import { localBlobs } from "./local-blobs.ts";
import type { StoredFrame } from "./sketch-partitions.ts";

/** A frame needs no more rows than this: the quartiles of half a million are known well enough. */
const enoughRows = 500_000;

export async function readFrame(deps: Pick<Dependencies, "store">, ref: BlobRef): Promise<StoredFrame> {
  return { ref, frame: readJson(frame, new TextDecoder().decode(await getBlob(deps.store, ref)), `frame ${ref.sha256.slice(0, 12)}`) };
}

/**
 * The frame to sketch this data with: the last accepted snapshot's, else the pipeline's first, else one made from this data
 * (frozen by the caller once the data is accepted). Columns that the contract has gained since are added to it, so that those
 * it had keep their buckets.
 */
export async function frameOf(deps: Dependencies, pipeline: string, contract: Contract, last: Snapshot | null, partitions: readonly Judged[], signal: AbortSignal): Promise<StoredFrame> {
  const ref = last?.frame ?? (await getFrameRef(deps.store, pipeline, signal));
  const before = ref === null ? null : await readFrame(deps, ref);
  const wanted = columnKinds(contract);
  const missing = new Map([...wanted].filter(([name, kind]) => before?.frame.columns[name]?.kind !== kind));
  const same = before !== null && missing.size === 0 && Object.keys(before.frame.columns).length === wanted.size && before.frame.timezone === contract.timezone;
  if (same) return before;
  const added = await newColumns(deps, contract, missing, partitions, signal);
  const columns = Object.fromEntries([...wanted.keys()].map((name) => [name, added.get(name) ?? (before?.frame.columns[name] as ColumnFrame)]));
  const made: Frame = { version: 1, pipeline, timezone: contract.timezone, columns };
  return { ref: await putJsonBlob(deps.store, made, signal), frame: made };
}

/** Every column of the contract; a key that is nothing else is counted by its pattern. */
function columnKinds(contract: Contract): Map<string, ColumnFrame["kind"]> {
  return new Map(contract.columns.map(({ name, column }) => [name, contract.key.includes(name) && column.type === "text" ? "pattern" : sketchKind(column)]));
}

async function newColumns(deps: Dependencies, contract: Contract, kinds: ReadonlyMap<string, ColumnFrame["kind"]>, partitions: readonly Judged[], signal: AbortSignal): Promise<Map<string, ColumnFrame>> {
  const isNumber = (kind: ColumnFrame["kind"]): kind is NumberFrame["kind"] => kind === "number" || kind === "length" || kind === "norm";
  const numbers = new Map([...kinds].flatMap(([name, kind]) => (isNumber(kind) ? [[name, kind] as const] : [])));
  const files = numbers.size === 0 ? [] : await localBlobs(deps, spread(partitions).map(({ acceptance }) => acceptance.blob), signal);
  const facts = files.length === 0 ? new Map() : await withDuckDb({ spill: join(deps.scratch, "spill"), timezone: contract.timezone, signal }, async (connection) => numberFacts(connection, numbers, parquetFiles(files)));
  return new Map([...kinds].map(([name, kind]) => [name, isNumber(kind) ? numberFrame(kind, facts.get(name) ?? none) : { kind }]));
}

const none = { lower: null, median: null, upper: null, deviation: null, distinct: Number.POSITIVE_INFINITY };

/** Partitions spread evenly over the window, of about half a million rows in all. */
function spread(partitions: readonly Judged[]): Judged[] {
  const filled = partitions.filter(({ acceptance }) => acceptance.rows > 0);
  const rows = filled.reduce((sum, { acceptance }) => sum + acceptance.rows, 0);
  const every = Math.max(1, Math.ceil(rows / enoughRows));
  return filled.filter((_, i) => i % every === 0);
}

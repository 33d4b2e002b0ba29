import { join } from "node:path";
import type { BlobRef } from "../../schemas/names.ts";
import { type Frame, type Sketch, sketch, sketchFormat } from "../../schemas/sketch.ts";
import { createKept, getKept } from "../../stores/kept-documents.ts";
import { inParallel } from "../../stores/parallel.ts";
import { mergeSketches } from "../../stats/merge-sketches.ts";
import { parquetFiles, withDuckDb } from "../../tables/open-duckdb.ts";
import { sketchPartitions } from "../../tables/sketch-partition.ts";
import type { Dependencies } from "../dependencies.ts";
import { localBlobs } from "./local-blobs.ts";

/** A frame and the blob it is stored as. */
export interface StoredFrame {
  readonly ref: BlobRef;
  readonly frame: Frame;
}

type Places = Pick<Dependencies, "store" | "scratch">;

const width = 32;

/** Files in one scan. */
const batchFiles = 400;

/** Sketches of accepted partitions, in their order: read where they are known, else made in one scan and kept. */
export async function sketchesOf(deps: Places, frame: StoredFrame, partitions: readonly BlobRef[], signal: AbortSignal): Promise<Sketch[]> {
  const keys = partitions.map(({ sha256 }) => sketchKey(sha256, frame));
  const known = await inParallel(keys, width, (key) => getKept(deps.store, key, sketch, signal));
  const missing = [...new Map(partitions.flatMap((ref, i) => (known[i] === null ? [[ref.sha256, ref] as const] : []))).values()];
  const made = new Map<string, Sketch>();
  for (let i = 0; i < missing.length; i += batchFiles) for (const [sha256, found] of await sketchBatch(deps, frame, missing.slice(i, i + batchFiles), signal)) made.set(sha256, found);
  await inParallel([...made], width, ([sha256, found]) => createKept(deps.store, sketchKey(sha256, frame), found, signal));
  return partitions.map(({ sha256 }, i) => (known[i] ?? made.get(sha256)) as Sketch);
}

/** One sketch of many partitions, kept under `name` (a snapshot's id), so that a reference is merged once. */
export async function mergedSketch(deps: Places, frame: StoredFrame, name: string, partitions: readonly BlobRef[], signal: AbortSignal): Promise<Sketch> {
  const key = sketchKey(name, frame);
  const known = await getKept(deps.store, key, sketch, signal);
  if (known !== null) return known;
  const merged = mergeSketches(await sketchesOf(deps, frame, partitions, signal));
  await createKept(deps.store, key, merged, signal);
  return merged;
}

const sketchKey = (name: string, { ref }: StoredFrame): string => `sketches/${name}/${ref.sha256}-${sketchFormat}.json`;

async function sketchBatch(deps: Places, { frame }: StoredFrame, partitions: readonly BlobRef[], signal: AbortSignal): Promise<(readonly [string, Sketch])[]> {
  const files = await localBlobs(deps, partitions, signal);
  const columns = Object.keys(frame.columns).map((name) => `"${name}"`).join(", ");
  const found = await withDuckDb({ spill: join(deps.scratch, "spill"), timezone: frame.timezone, signal }, async (connection) => {
    await connection.run(`create or replace temp table rows as select list_position([${files.map((file) => `'${file.replaceAll("'", "''")}'`).join(", ")}], __path)::int as __partition, ${columns} from ${parquetFiles(files, ", filename = '__path'")}`);
    return sketchPartitions(connection, frame, "rows", "__partition");
  });
  const empty: Sketch = mergeSketches([]);
  return partitions.map(({ sha256 }, i) => [sha256, found.get(i + 1) ?? empty] as const);
}

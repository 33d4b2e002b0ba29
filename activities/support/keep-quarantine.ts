import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ingested } from "../../schemas/dataset.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { quarantineKey } from "../../stores/datasets.ts";
import type { Contract } from "../../tables/contract.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { writeQuarantine } from "../../tables/write-quarantine.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Judged } from "./accept-partitions.ts";
import { localBlobs } from "./local-blobs.ts";

/** Stores the refused rows of a data set under its snapshot's id; returns their key, null where there are none. */
export async function keepQuarantine(deps: Dependencies, contract: Contract, dataset: Ingested, id: string, judged: readonly Judged[], signal: AbortSignal): Promise<string | null> {
  const refused = judged.flatMap(({ acceptance }) => (acceptance.quarantined === null ? [] : [acceptance.quarantined.blob]));
  const distrusted = (dataset.distrusted ?? []).flatMap(({ rows }) => rows);
  if (refused.length + dataset.timeless.length + distrusted.length === 0) return null;
  const key = quarantineKey(dataset.pipeline, id);
  const folder = join(deps.scratch, "quarantine");
  const file = join(folder, `${randomUUID()}.parquet`);
  await mkdir(folder, { recursive: true });
  const local = (blobs: readonly BlobRef[]) => localBlobs(deps, blobs, signal);
  const beside = async <T extends { readonly blob: BlobRef }>(list: readonly T[]) => (await local(list.map(({ blob }) => blob))).map((path, i) => ({ ...list[i]!, file: path }));
  const rows = { quarantined: await local(refused), timeless: await beside(dataset.timeless), distrusted: await beside(distrusted) };
  try {
    await withDuckDb({ spill: join(deps.scratch, "spill"), timezone: contract.timezone, signal }, (connection) => writeQuarantine(connection, rows, contract.time, file));
    await deps.store.upload(key, file, { ifNoneMatch: "*", signal });
  } finally {
    await rm(file, { force: true });
  }
  return key;
}

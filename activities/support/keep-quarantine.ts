import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ingested } from "../../schemas/dataset.ts";
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
  if (refused.length + dataset.timeless.length === 0) return null;
  const key = quarantineKey(dataset.pipeline, id);
  const folder = join(deps.scratch, "quarantine");
  const file = join(folder, `${randomUUID()}.parquet`);
  await mkdir(folder, { recursive: true });
  const [files, timeless] = [await localBlobs(deps, refused, signal), await localBlobs(deps, dataset.timeless.map(({ blob }) => blob), signal)];
  const lost = dataset.timeless.map(({ uri }, i) => ({ uri, file: timeless[i] as string }));
  try {
    await withDuckDb({ spill: join(deps.scratch, "spill"), timezone: contract.timezone, signal }, (connection) => writeQuarantine(connection, files, lost, contract.time, file));
    await deps.store.upload(key, file, { ifNoneMatch: "*", signal });
  } finally {
    await rm(file, { force: true });
  }
  return key;
}

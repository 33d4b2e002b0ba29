import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { BatchPlan, ScoredFile } from "../../schemas/batch.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { outputFolder, outputName, putScored, quarantineName } from "../../stores/batches.ts";
import { hashFile } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { parseS3Uri } from "../../stores/s3-uri.ts";
import type { Dependencies } from "../dependencies.ts";
import type { FetchedTable } from "./fetch-table.ts";
import type { BatchChildReplies } from "./protocol.ts";

type StoredFile = ScoredFile["output"];

/** Stores what came of one input file, and last the record, so that a crash leaves nothing that counts twice. */
export async function storePredictions(deps: Pick<Dependencies, "store" | "openBucket">, plan: BatchPlan, n: number, table: FetchedTable, root: string, counts: BatchChildReplies["finish"], signal: AbortSignal): Promise<ScoredFile> {
  const { bucket, key } = parseS3Uri(outputFolder(plan.request.to));
  const store = deps.openBucket(bucket);
  const name = outputName(table.uri.slice(root.length), table.sha256, plan);
  const put = (to: string, path: string, rows: number) => putOnce(store, key + to, path, rows, table.folder, signal);
  const scored: ScoredFile = {
    input: { uri: table.uri, etag: plan.files[n]!.etag, bytes: plan.files[n]!.bytes, sha256: table.sha256, rows: counts.rows + counts.skipped },
    output: await put(name, table.output, counts.rows),
    quarantine: counts.skipped === 0 ? null : await put(quarantineName(name), table.quarantine, counts.skipped),
  };
  await putScored(deps.store, plan.job, n, scored, signal);
  await rm(table.folder, { recursive: true, force: true });
  return scored;
}

/** An earlier attempt's object stays: it was made whole, of the same input by the same model. */
async function putOnce(store: ObjectStore, key: string, path: string, rows: number, folder: string, signal: AbortSignal): Promise<StoredFile> {
  const uri = `s3://${store.bucket}/${key}`;
  const { outcome } = await store.upload(key, path, { ifNoneMatch: "*", signal });
  if (outcome === "stored") return { uri, rows, ...(await hashFile(path, signal)) };
  const there = join(folder, "there.parquet");
  if ((await store.download(key, there, { signal })) === null) throw new RelearnError("StoreUnavailable", `${uri} was said to exist, and does not; try again`);
  return { uri, rows, ...(await hashFile(there, signal)) };
}

import { join } from "node:path";
import type { BlobRef } from "../../schemas/names.ts";
import { downloadBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { rowsOf } from "./landing-files.ts";

/** Rows of a Parquet blob, times and big integers as text. @param folder where a copy of it may lie */
export async function rowsOfBlob(store: ObjectStore, ref: BlobRef, folder: string): Promise<Record<string, unknown>[]> {
  const path = join(folder, `${ref.sha256}.parquet`);
  await downloadBlob(store, ref, path);
  return rowsOf(path);
}

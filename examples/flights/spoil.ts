import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { loadSettings } from "../../schemas/settings.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { downloadBlob, putBlobFile } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";

/** Two inputs of one type swapped, as after a mix-up of two columns; or many turns of a loop where an input lies above a value. */
export type Spoilt = readonly ["swap", string, string] | readonly ["slow", string, number, number];

/** Stores a model that was spoilt on purpose by `spoil_model.py`. */
export async function spoilModel(store: ObjectStore, model: BlobRef, [way, ...how]: Spoilt, scratch: string): Promise<BlobRef> {
  const { root, python } = loadSettings(process.env);
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, "spoilt-"));
  try {
    const [source, target] = [join(folder, "model.onnx"), join(folder, "spoilt.onnx")];
    await downloadBlob(store, model, source);
    await promisify(execFile)(python.executable, [join(root, "examples", "flights", "spoil_model.py"), way, source, target, ...how.map(String)], { env: { ...process.env, ...python.environment }, timeout: 60_000 });
    return await putBlobFile(store, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

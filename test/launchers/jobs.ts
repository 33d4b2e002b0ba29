import { createHash, randomUUID } from "node:crypto";
import type { JobSpec } from "../../schemas/job.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { putBlob } from "../../stores/blobs.ts";

/** The fewest bytes that look like a whole ONNX file: ir_version, and an empty graph. */
export const tinyModel = "b'\\x08\\x09\\x3a\\x00'";

/** A job whose trainer is this Python text, without data. Its spec lies in the store. */
export async function pythonJob(store: ObjectStore, code: string, changes: Partial<JobSpec> = {}): Promise<JobSpec> {
  const id = `job-${createHash("sha256").update(randomUUID()).digest("hex").slice(0, 12)}`;
  const spec: JobSpec = {
    version: 1, id, run: `flights/run/${id}`, command: ["python", "-c", code], workdir: null, params: {}, seed: 7, timeoutSeconds: 60,
    inputs: [], columns: [], label: { column: "late", task: "binary", classes: null }, ...changes,
  };
  await store.put(`jobs/${id}/spec.json`, new TextEncoder().encode(JSON.stringify(spec)));
  return spec;
}

/** A job input that is this text, as a blob of the store. */
export async function textInput(store: ObjectStore, path: string, text: string): Promise<JobSpec["inputs"][number]> {
  return { path, blob: await putBlob(store, new TextEncoder().encode(text)), rows: 1 };
}

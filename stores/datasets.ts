import { landingRecord, snapshot, type LandingRecord, type Snapshot } from "../schemas/dataset.ts";
import { RelearnError } from "../schemas/failures.ts";
import { blobRef, type BlobRef } from "../schemas/names.ts";
import { createDocument, getDocument, keyOf } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";

export const snapshotKey = (pipeline: string, id: string): string => `datasets/${pipeline}/snapshots/${id}.json`;
export const quarantineKey = (pipeline: string, id: string): string => `quarantine/${pipeline}/${id}.parquet`;

/** A landing file as it was seen: another size or ETag is another file. */
export interface SeenFile {
  readonly uri: string;
  readonly bytes: number;
  readonly etag: string;
}

const landingKey = (pipeline: string, source: string, { uri, bytes, etag }: SeenFile): string => `sources/${pipeline}/${keyOf(source, uri, bytes, etag)}.json`;
const frameKey = (pipeline: string): string => `datasets/${pipeline}/frame.json`;

/** @throws RelearnError `NotFound`. */
export async function readSnapshot(store: ObjectStore, pipeline: string, id: string, signal?: AbortSignal): Promise<Snapshot> {
  const found = await getDocument(store, snapshotKey(pipeline, id), snapshot, signal);
  if (found === null) throw new RelearnError("NotFound", `${pipeline} has no snapshot ${id}`);
  return found;
}

/** Create-only: the same rows are the same snapshot, whoever makes it again. */
export async function putSnapshot(store: ObjectStore, document: Snapshot, signal?: AbortSignal): Promise<void> {
  await createDocument(store, snapshotKey(document.pipeline, document.id), document, signal);
}

/** What a landing file held when it was read; null when these bytes have not been read yet. */
export async function getLandingRecord(store: ObjectStore, pipeline: string, source: string, file: SeenFile, signal?: AbortSignal): Promise<LandingRecord | null> {
  return getDocument(store, landingKey(pipeline, source, file), landingRecord, signal);
}

export async function putLandingRecord(store: ObjectStore, pipeline: string, record: LandingRecord, signal?: AbortSignal): Promise<void> {
  await createDocument(store, landingKey(pipeline, record.source, record), record, signal);
}

/** The pipeline's frame, made once from the first accepted snapshot; null until then. */
export async function getFrameRef(store: ObjectStore, pipeline: string, signal?: AbortSignal): Promise<BlobRef | null> {
  return getDocument(store, frameKey(pipeline), blobRef, signal);
}

/** Freezes the frame; returns the one that holds, which is another's when that came first. */
export async function freezeFrame(store: ObjectStore, pipeline: string, frame: BlobRef, signal?: AbortSignal): Promise<BlobRef> {
  if (await createDocument(store, frameKey(pipeline), frame, signal)) return frame;
  return (await getFrameRef(store, pipeline, signal)) ?? frame;
}

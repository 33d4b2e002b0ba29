import type { z } from "zod";
import { landingRecord, preparedRecord, snapshot, type LandingRecord, type Snapshot } from "../schemas/dataset.ts";
import { RelearnError } from "../schemas/failures.ts";
import { blobRef, type BlobRef } from "../schemas/names.ts";
import { createDocument, getDocument } from "./documents.ts";
import { createKept, getKept } from "./kept-documents.ts";
import type { ObjectStore } from "./object-store.ts";

type PreparedRecord = z.infer<typeof preparedRecord>;

export const snapshotKey = (pipeline: string, id: string): string => `datasets/${pipeline}/snapshots/${id}.json`;
export const quarantineKey = (pipeline: string, id: string): string => `quarantine/${pipeline}/${id}.parquet`;

const landingKey = (pipeline: string, id: string): string => `sources/${pipeline}/${id}.json`;
const preparedKey = (pipeline: string, id: string): string => `prepared/${pipeline}/${id}.json`;
const frameKey = (pipeline: string): string => `datasets/${pipeline}/frame.json`;

/** @throws RelearnError `NotFound`. */
export async function readSnapshot(store: ObjectStore, pipeline: string, id: string, signal?: AbortSignal): Promise<Snapshot> {
  const found = await getKept(store, snapshotKey(pipeline, id), snapshot, signal);
  if (found === null) throw new RelearnError("NotFound", `${pipeline} has no snapshot ${id}`);
  return found;
}

/** Create-only: the same rows are the same snapshot, whoever makes it again. */
export async function putSnapshot(store: ObjectStore, document: Snapshot, signal?: AbortSignal): Promise<void> {
  await createKept(store, snapshotKey(document.pipeline, document.id), document, signal);
}

/** What a landing file held when it was read; null when it has not been read yet. @param id `keyOf` URI, size, ETag and how it is read. */
export async function getLandingRecord(store: ObjectStore, pipeline: string, id: string, signal?: AbortSignal): Promise<LandingRecord | null> {
  return getKept(store, landingKey(pipeline, id), landingRecord, signal);
}

export async function putLandingRecord(store: ObjectStore, pipeline: string, id: string, record: LandingRecord, signal?: AbortSignal): Promise<void> {
  await createKept(store, landingKey(pipeline, id), record, signal);
}

/** What `prepare` made of pieces it has seen before; null when it has not seen them. @param id `keyOf` contract, span and input pieces. */
export async function getPreparedRecord(store: ObjectStore, pipeline: string, id: string, signal?: AbortSignal): Promise<PreparedRecord | null> {
  return getKept(store, preparedKey(pipeline, id), preparedRecord, signal);
}

export async function putPreparedRecord(store: ObjectStore, pipeline: string, id: string, record: PreparedRecord, signal?: AbortSignal): Promise<void> {
  await createKept(store, preparedKey(pipeline, id), record, signal);
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

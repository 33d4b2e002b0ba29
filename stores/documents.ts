import type { z } from "zod";
import { readJson } from "../schemas/boundary.ts";
import { RelearnError } from "../schemas/failures.ts";
import { canonicalBytes, sha256Hex } from "./canonical.ts";
import type { ObjectStore } from "./object-store.ts";

/** Reads one JSON document; null when there is none. @throws RelearnError `Corrupt` naming the key. */
export async function getDocument<S extends z.ZodType>(store: ObjectStore, key: string, schema: S, signal?: AbortSignal): Promise<z.output<S> | null> {
  const found = await store.get(key, { signal });
  return found === null ? null : parseDocument(store, key, schema, found.body);
}

export function parseDocument<S extends z.ZodType>(store: ObjectStore, key: string, schema: S, body: Uint8Array): z.output<S> {
  const what = `s3://${store.bucket}/${key}`;
  try {
    return readJson(schema, new TextDecoder("utf-8", { fatal: true }).decode(body), what);
  } catch (error) {
    throw new RelearnError("Corrupt", `${what} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Writes one JSON document over what was there. */
export async function putDocument(store: ObjectStore, key: string, value: unknown, signal?: AbortSignal): Promise<void> {
  await store.put(key, canonicalBytes(value), { contentType: "application/json", signal });
}

/** Writes one JSON document where none was; false when there is one already, which stays. */
export async function createDocument(store: ObjectStore, key: string, value: unknown, signal?: AbortSignal): Promise<boolean> {
  return (await store.put(key, canonicalBytes(value), { ifNoneMatch: "*", contentType: "application/json", signal })).outcome === "stored";
}

/** SHA-256 of the RFC 8785 JSON of several values: a key's name where the values themselves cannot be one. */
export const keyOf = (...values: readonly unknown[]): string => sha256Hex(canonicalBytes(values));

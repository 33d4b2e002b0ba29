import type { z } from "zod";
import { canonicalBytes } from "./canonical.ts";
import { parseDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";

/** Bytes of JSON that one process remembers; the least recently used documents go first. */
const mostBytes = 16 * 2 ** 20;

interface Remembered { readonly value: unknown; readonly bytes: number }
interface Memory { readonly documents: Map<string, Remembered>; bytes: number }

const memories = new WeakMap<ObjectStore, Memory>();

/**
 * Reads a JSON document that is written once and never changed: what this process has read or written before is not asked for
 * again, so a run's requests follow its new data. Do not change what it returns. Null when there is none.
 * @throws RelearnError `Corrupt` naming the key.
 */
export async function getKept<S extends z.ZodType>(store: ObjectStore, key: string, schema: S, signal?: AbortSignal): Promise<z.output<S> | null> {
  const { documents } = memoryOf(store);
  const known = documents.get(key);
  if (known !== undefined) {
    documents.delete(key);
    documents.set(key, known);
    return known.value as z.output<S>;
  }
  const found = await store.get(key, { signal });
  if (found === null) return null;
  const value = parseDocument(store, key, schema, found.body);
  remember(store, key, { value, bytes: found.body.byteLength });
  return value;
}

/** Writes a document that will never change where none was; false when there is one already, which stays. */
export async function createKept(store: ObjectStore, key: string, value: unknown, signal?: AbortSignal): Promise<boolean> {
  const body = canonicalBytes(value);
  const { outcome } = await store.put(key, body, { ifNoneMatch: "*", contentType: "application/json", signal });
  if (outcome === "stored") remember(store, key, { value, bytes: body.byteLength });
  return outcome === "stored";
}

function memoryOf(store: ObjectStore): Memory {
  const memory = memories.get(store) ?? { documents: new Map(), bytes: 0 };
  memories.set(store, memory);
  return memory;
}

function remember(store: ObjectStore, key: string, one: Remembered): void {
  const memory = memoryOf(store);
  memory.bytes += one.bytes - (memory.documents.get(key)?.bytes ?? 0);
  memory.documents.set(key, one);
  for (const [oldest, { bytes }] of memory.documents) {
    if (memory.bytes <= mostBytes) return;
    memory.documents.delete(oldest);
    memory.bytes -= bytes;
  }
}

import { baseWindow, type BaseWindow } from "../schemas/base-window.ts";
import { getDocument, parseDocument, putDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";
import { inParallel } from "./parallel.ts";

const prefix = (model: string, v: number): string => `reports/${model}/sketches/${v}/`;
const keyOfWindow = (model: string, v: number, from: string): string => `${prefix(model, v)}${from}.json`;

/** Bytes of JSON that one process remembers of a bucket's base windows. */
const mostBytes = 64 * 2 ** 20;
interface Memory { readonly windows: Map<string, { readonly etag: string; readonly value: BaseWindow; readonly bytes: number }>; bytes: number }
const memories = new WeakMap<ObjectStore, Memory>();

export async function putBaseWindow(store: ObjectStore, document: BaseWindow, signal?: AbortSignal): Promise<void> {
  await putDocument(store, keyOfWindow(document.model, document.v, document.window.from), document, signal);
}

/** Null where the version was not watched in that window. */
export const getBaseWindow = (store: ObjectStore, model: string, v: number, from: string, signal?: AbortSignal): Promise<BaseWindow | null> =>
  getDocument(store, keyOfWindow(model, v, from), baseWindow, signal);

/**
 * The base windows of a version that begin in `[from, to)`, oldest first. One listing tells which have changed since this process last read them, so
 * that a rolling span costs what is new in it.
 */
export async function listBaseWindows(store: ObjectStore, model: string, v: number, span: { readonly from: string; readonly to: string }, signal?: AbortSignal): Promise<BaseWindow[]> {
  const wanted: { key: string; etag: string; bytes: number }[] = [];
  const first = keyOfWindow(model, v, span.from);
  for await (const found of store.list(prefix(model, v), { startAfter: first.slice(0, -6), signal })) {
    const from = found.key.slice(prefix(model, v).length, -".json".length);
    if (Date.parse(from) >= Date.parse(span.to)) break;
    if (Date.parse(from) >= Date.parse(span.from)) wanted.push(found);
  }
  const read = await inParallel(wanted, 32, (one) => readKnown(store, one, signal));
  return read.filter((one) => one !== null);
}

/** Start of the first window in which a version was watched; null where it was not. */
export async function firstBaseWindow(store: ObjectStore, model: string, v: number, signal?: AbortSignal): Promise<string | null> {
  const key = await firstKey(store, prefix(model, v), undefined, signal);
  return key === null ? null : key.slice(prefix(model, v).length, -".json".length);
}

/** Versions that were watched, ascending. */
export async function watchedVersions(store: ObjectStore, model: string, signal?: AbortSignal): Promise<number[]> {
  const versions: number[] = [];
  const root = `reports/${model}/sketches/`;
  for (let startAfter: string | undefined; ;) {
    const next = await firstKey(store, root, startAfter, signal);
    if (next === null) return versions.sort((a, b) => a - b);
    const v = next.slice(root.length).split("/")[0] as string;
    versions.push(Number(v));
    startAfter = `${root}${v}/~`;
  }
}

async function firstKey(store: ObjectStore, prefixed: string, startAfter: string | undefined, signal?: AbortSignal): Promise<string | null> {
  for await (const { key } of store.list(prefixed, { ...(startAfter === undefined ? {} : { startAfter }), limit: 1, signal })) return key;
  return null;
}

async function readKnown(store: ObjectStore, { key, etag, bytes }: { readonly key: string; readonly etag: string; readonly bytes: number }, signal?: AbortSignal): Promise<BaseWindow | null> {
  const memory = memories.get(store) ?? { windows: new Map(), bytes: 0 };
  memories.set(store, memory);
  const known = memory.windows.get(key);
  if (known?.etag === etag) return known.value;
  const found = await store.get(key, { signal });
  if (found === null) return null;
  const value = parseDocument(store, key, baseWindow, found.body);
  memory.bytes += bytes - (known?.bytes ?? 0);
  memory.windows.set(key, { etag: found.etag, value, bytes });
  for (const [oldest, held] of memory.windows) {
    if (memory.bytes <= mostBytes) break;
    memory.windows.delete(oldest);
    memory.bytes -= held.bytes;
  }
  return value;
}

import { z } from "zod";
import { instant } from "../schemas/time.ts";
import { createDocument, getDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";

const arrival = z.strictObject({ version: z.literal(1), at: instant });

/**
 * When something without a time of its own first came here: `reports/<model>/arrivals/<key>.json`, create-only. A copy that comes a day later is
 * the same occasion, not one of the next day's windows.
 * @param at when this copy came.
 */
export async function firstArrival(store: ObjectStore, model: string, key: string, at: string, signal?: AbortSignal): Promise<string> {
  const name = `reports/${model}/arrivals/${key}.json`;
  if (await createDocument(store, name, { version: 1, at }, signal)) return at;
  return (await getDocument(store, name, arrival, signal))?.at ?? at;
}

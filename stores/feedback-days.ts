import { z } from "zod";
import { instant } from "../schemas/time.ts";
import { createKept, getKept } from "./kept-documents.ts";
import type { ObjectStore } from "./object-store.ts";

const saidSchema = z.strictObject({ version: z.literal(1), at: instant.nullable() }).readonly();
type EarliestSaid = z.infer<typeof saidSchema>;

const keyOfDay = (model: string, id: string): string => `labels/${model}/days/${id}.json`;

/** When the earliest label of a day's feedback came true, where that was before the day; null where it has not been looked at. @param id hash of the day's objects */
export async function earliestSaid(store: ObjectStore, model: string, id: string, signal?: AbortSignal): Promise<EarliestSaid | null> {
  return getKept(store, keyOfDay(model, id), saidSchema, signal);
}

export async function keepEarliestSaid(store: ObjectStore, model: string, id: string, said: EarliestSaid, signal?: AbortSignal): Promise<void> {
  await createKept(store, keyOfDay(model, id), said, signal);
}

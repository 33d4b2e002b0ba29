import { z } from "zod";
import type { NoticeReceiver } from "../schemas/notice-receiver.ts";
import { instant } from "../schemas/time.ts";
import { createDocument, getDocument, keyOf } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";

const gone = z.strictObject({ version: z.literal(1), receiver: z.string(), at: instant });

/** `notices/gone/<sha256 of name and address>.json`; the address itself may be a secret. Another name, or another address, is another receiver. */
const goneKey = ({ name, url }: NoticeReceiver): string => `notices/gone/${keyOf(name, url)}.json`;

/** Since when a receiver wants no more notices; null where it wants them. */
export async function goneSince(store: ObjectStore, receiver: NoticeReceiver, signal?: AbortSignal): Promise<string | null> {
  return (await getDocument(store, goneKey(receiver), gone, signal))?.at ?? null;
}

export async function putGone(store: ObjectStore, receiver: NoticeReceiver, at: string, signal?: AbortSignal): Promise<void> {
  await createDocument(store, goneKey(receiver), { version: 1, receiver: receiver.name, at }, signal);
}

import { addAbortSignal } from "node:stream";
import type { Readable } from "node:stream";

interface Reply {
  readonly Body?: unknown;
  readonly ContentLength?: number | undefined;
}

/** Slower than this a body counts as stopped, also while it trickles. */
const slowestBytesPerSecond = 16 * 1024;

/**
 * The bytes of a reply, chunk by chunk, checked to its end.
 * @throws Error when nothing arrives for `idleMs`, when it trickles, or when fewer or more bytes came than the reply announced.
 */
export async function* replyChunks(reply: Reply, idleMs: number, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const body = reply.Body as Readable | undefined;
  if (body === undefined) return;
  if (signal !== undefined) addAbortSignal(signal, body);
  const timer = setTimeout(() => body.destroy(new Error(`no data arrived for ${idleMs} ms`)), idleMs);
  const began = Date.now();
  let seen = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      timer.refresh();
      seen += chunk.byteLength;
      const late = Date.now() - began - 3 * idleMs;
      if (late > (seen / slowestBytesPerSecond) * 1_000) throw new Error(`only ${seen} bytes arrived in ${Date.now() - began} ms`);
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
  const announced = reply.ContentLength;
  if (announced !== undefined && announced !== seen) throw new Error(`the body broke off after ${seen} of ${announced} bytes`);
}

/** The whole body in memory. */
export async function readReply(reply: Reply, idleMs: number, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of replyChunks(reply, idleMs, signal)) chunks.push(chunk);
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}

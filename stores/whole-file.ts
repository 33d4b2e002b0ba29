import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/**
 * Writes a stream into a file that appears whole or not at all: into a temporary name beside it, flushed, then renamed.
 * Whatever goes wrong (a full disk, an abort, a broken stream) leaves no half file behind.
 */
export async function writeWhole(path: string, body: Readable, signal?: AbortSignal): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await pipeline(body, createWriteStream(temporary, { flags: "wx", flush: true }), { signal });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

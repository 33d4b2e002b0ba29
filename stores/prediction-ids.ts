import { hash, randomBytes } from "node:crypto";

const digits = "0123456789abcdefghijklmnopqrstuv";
const size = { time: 9, process: 6, block: 4, tag: 16 } as const;
const prefixLength = size.time + size.process + size.block;
const idLength = prefixLength + 1 + size.tag;
/** Ids that share one hash: SHA-512 in base64url has 86 characters, of which each id takes 16 (96 bits). */
const slots = 4;
const pattern = new RegExp(`^[0-9a-v]{${prefixLength}}[0-3][\\w-]{${size.tag}}$`);

interface Block { time: number; slot: number; prefix: string; tags: string }

/** Issues prediction ids of a model, and knows its own and other replicas' again without a look at any log. */
export interface ModelPredictionIds {
  issue(model: string): string;
  issued(id: string, model: string): boolean;
}

/**
 * Ids that sort by time and that nobody without the key can make: time (ms), process, block, slot, and 96 bits of a hash over key, model and all of
 * these. One hash serves up to four ids of a millisecond, so that an id costs well under a microsecond at high rates.
 * The message that is hashed has a fixed length, so that a plain hash of key and message cannot be extended.
 * @param key 32 random bytes or more, the same for every replica (see `openPredictionKey`).
 */
export function predictionIds(key: Uint8Array, now: () => number = Date.now): ModelPredictionIds {
  const process = inBase32(randomBytes(4).readUInt32LE() % 32 ** size.process, size.process);
  const blocks = new Map<string, Block>();
  const keys = new Map<string, string>();
  let count = 0;
  const keyOf = (model: string): string => keys.get(model) ?? remember(keys, model, hash("sha256", Buffer.concat([key, Buffer.from(model)]), "base64url"));
  const tagsOf = (model: string, prefix: string): string => hash("sha512", keyOf(model) + prefix, "base64url");

  const begin = (model: string, time: number): Block => {
    const prefix = inBase32(time, size.time) + process + inBase32(count++ % 32 ** size.block, size.block);
    return remember(blocks, model, { time, slot: 0, prefix, tags: tagsOf(model, prefix) });
  };
  return {
    issue(model) {
      const time = now();
      let block = blocks.get(model);
      if (block === undefined || block.time !== time || block.slot === slots) block = begin(model, time);
      const slot = block.slot++;
      return block.prefix + digits[slot] + tagAt(block.tags, slot);
    },
    issued(id, model) {
      if (id.length !== idLength || !pattern.test(id)) return false;
      return sameText(tagAt(tagsOf(model, id.slice(0, prefixLength)), Number(id[prefixLength])), id.slice(prefixLength + 1));
    },
  };
}

/** When an id was issued, in milliseconds since 1970; null for what is no prediction id. */
export function issuedAt(id: string): number | null {
  if (!pattern.test(id)) return null;
  let time = 0;
  for (let i = 0; i < size.time; i++) time = time * 32 + digits.indexOf(id[i]!);
  return time;
}

const tagAt = (tags: string, slot: number): string => tags.slice(slot * 20, slot * 20 + size.tag);

function inBase32(value: number, length: number): string {
  let text = "";
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = digits[rest % 32] + text;
  return text;
}

/** Without a word, by its time, on where two texts of one length differ. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

function remember<T>(into: Map<string, T>, name: string, value: T): T {
  into.set(name, value);
  return value;
}

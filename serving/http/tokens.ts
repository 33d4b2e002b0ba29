import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { watchedFile } from "../../http/watched-file.ts";
import { readJson } from "../../schemas/boundary.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { sha256 } from "../../schemas/names.ts";
import { instant } from "../../schemas/time.ts";
import type { Scope } from "./route-table.ts";

export const grantedScope = z.enum(["predict", "feedback", "backfill", "admin"]);

/** One key of a tokens file. Only the hash is kept; two keys of one name let it be changed without a gap. */
export const tokenEntry = z.strictObject({
  name: z.string().regex(/^[\w .@-]{1,120}$/, "must be 1 to 120 letters, digits, spaces or _ . @ -"),
  sha256,
  scopes: z.array(grantedScope).min(1),
  expires: instant.optional(),
}).readonly();
export type TokenEntry = z.infer<typeof tokenEntry>;

export const tokensFile = z.array(tokenEntry).max(10_000);

const fewestBytes = 24;
const hashOf = (token: string): Buffer => createHash("sha256").update(token).digest();

/**
 * Makes a token, which is shown once, and the entry that lets it in.
 * @param random bytes of chance in it, 32 unless told.
 * @throws RelearnError `InvalidInput` for fewer than 24.
 */
export function createToken(wanted: Pick<TokenEntry, "name" | "scopes" | "expires">, random = 32): { readonly token: string; readonly entry: TokenEntry } {
  if (random < fewestBytes) throw new RelearnError("InvalidInput", `a token of ${random} random bytes can be guessed: it needs at least ${fewestBytes}`);
  const token = `rl_${randomBytes(random).toString("base64url")}`;
  return { token, entry: tokenEntry.parse({ ...wanted, sha256: hashOf(token).toString("hex") }) };
}

/** Whose token it is, by the name that it was made with, and what it allows. */
export interface Holder { readonly name: string; readonly scopes: readonly Scope[] }

/** Who is let in. */
export interface Tokens {
  /** Who holds a token, and its scopes; null for one that is not known, has expired or was taken back. */
  holderOf(token: string): Holder | null;
}

interface Held extends Holder { readonly hash: Buffer; readonly until: number }

/**
 * The tokens of a file, which is read again when it changes. A file that is gone or cannot be read lets nobody in.
 * @param report told why a file that was changed could not be read.
 * @throws RelearnError `InvalidInput` when it cannot be read at first, or holds no token.
 */
export function openTokens(path: string, report: (reason: string) => void = () => undefined): Tokens {
  const held = watchedFile<readonly Held[]>(path, readTokens, { unreadable: [], report });
  if (held().length === 0) throw new RelearnError("InvalidInput", `${path} holds no token: make one, or nobody is let in`);
  return { holderOf: (token) => holderIn(held(), hashOf(token)) };
}

/** Compares with every one, in the same time whichever fits. */
function holderIn(held: readonly Held[], hash: Buffer): Holder | null {
  let found: Held | null = null;
  for (const one of held) if (timingSafeEqual(one.hash, hash)) found = one;
  return found !== null && Date.now() < found.until ? found : null;
}

function readTokens(text: string, path: string): Held[] {
  return readJson(tokensFile, text, path).map(({ name, sha256: hex, scopes, expires }) => ({ name, hash: Buffer.from(hex, "hex"), scopes, until: expires === undefined ? Infinity : Date.parse(expires) }));
}

import { createPublicKey } from "node:crypto";
import { type Environment, reader, type Reader, refuseProblems } from "./settings.ts";

/** Public keys (SPKI DER in base64) of other installations whose manifests count. @throws RelearnError `InvalidInput`. */
export function loadTrustKeys(env: Environment): readonly string[] {
  const read = reader(env);
  const keys = readTrustKeys(read);
  refuseProblems(read);
  return keys;
}

/** The same, where more is read; what is no key becomes a problem of the reader's. */
export function readTrustKeys(read: Reader): readonly string[] {
  const keys = read.list("RELEARN_TRUST_KEYS");
  for (const key of keys.filter((key) => !isPublicKey(key))) read.problems.push(`RELEARN_TRUST_KEYS: must be ed25519 public keys in base64 (SPKI DER, as \`relearn show MODEL@VERSION\` prints them) with commas between them, found ${JSON.stringify(key.slice(0, 120))}`);
  return keys;
}

function isPublicKey(text: string): boolean {
  try {
    return createPublicKey({ key: Buffer.from(text, "base64"), type: "spki", format: "der" }).asymmetricKeyType === "ed25519";
  } catch {
    return false;
  }
}

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign, verify, type KeyObject } from "node:crypto";
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RelearnError } from "../schemas/failures.ts";
import type { Manifest, UnsignedManifest } from "../schemas/manifest.ts";
import { canonicalBytes } from "./canonical.ts";

export const signingKeyFile = (home: string): string => join(home, "keys", "signing.pem");

/** The home's key, made at its first use, mode 0600. Two processes that make it at once end with the same one. */
export async function ensureSigningKey(home: string): Promise<KeyObject> {
  const path = signingKeyFile(home);
  if ((await stat(path).catch(() => null)) === null) await makeKey(path);
  return readSigningKey(path);
}

async function makeKey(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}.tmp`;
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  try {
    await writeFile(temporary, pem, { mode: 0o600, flag: "wx" });
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Reads an ed25519 private key in PKCS 8 PEM. @throws RelearnError `InvalidInput` for any other file. */
export async function readSigningKey(path: string): Promise<KeyObject> {
  await chmod(path, 0o600).catch(() => undefined);
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType === "ed25519") return key;
    throw new Error(`it is a key of type ${key.asymmetricKeyType}`);
  } catch (error) {
    throw new RelearnError("InvalidInput", `${path} is not an ed25519 private key in PEM: ${(error as Error).message}`, { cause: error });
  }
}

/** SPKI DER in base64: how a public key is written in a signature and in a list of trusted keys. */
export function publicKeyOf(key: KeyObject): string {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ type: "spki", format: "der" }).toString("base64");
}

/** First 16 hex digits of the SHA-256 of a public key, for people. */
export const fingerprint = (publicKey: string): string => createHash("sha256").update(Buffer.from(publicKey, "base64")).digest("hex").slice(0, 16);

/** Signs the RFC 8785 JSON of a manifest; ed25519 (RFC 8032). */
export function signManifest(manifest: UnsignedManifest, key: KeyObject): Manifest {
  const value = sign(null, canonicalBytes(manifest), key).toString("base64");
  return { ...manifest, signature: { algorithm: "ed25519", key: publicKeyOf(key), value } };
}

/** Null when a trusted key signed exactly this manifest; else why it does not count. @param trusted public keys, SPKI DER in base64. */
export function signatureProblem(manifest: Manifest, trusted: readonly string[]): string | null {
  const { signature, ...signed } = manifest;
  if (!trusted.includes(signature.key)) return `it is signed by key ${fingerprint(signature.key)}, which is not trusted here`;
  try {
    const key = createPublicKey({ key: Buffer.from(signature.key, "base64"), type: "spki", format: "der" });
    return key.asymmetricKeyType === "ed25519" && verify(null, canonicalBytes(signed), key, Buffer.from(signature.value, "base64")) ? null : "its signature does not fit its content";
  } catch {
    return "its signature cannot be read";
  }
}

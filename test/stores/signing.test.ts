import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../schemas/manifest.ts";
import { ensureSigningKey, fingerprint, publicKeyOf, readSigningKey, signManifest, signatureProblem, signingKeyFile } from "../../stores/signing.ts";
import { key, sampleManifest } from "./registry-samples.ts";

const blob = { sha256: "ab".repeat(32), bytes: 1 };
const sample = (): Manifest => sampleManifest("flights", 1, blob, blob);
const trusted = [publicKeyOf(key)];
const home = mkdtempSync(join(tmpdir(), "relearn-keys-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("a manifest's signature", () => {
  it("counts when a trusted key signed exactly these fields, in any order", () => {
    const manifest = sample();
    expect(signatureProblem(manifest, trusted)).toBeNull();
    expect(signatureProblem(Object.fromEntries(Object.entries(manifest).reverse()) as unknown as Manifest, trusted)).toBeNull();
  });

  it("does not count once any field has changed", () => {
    const manifest = sample();
    for (const changed of [{ v: 2 }, { model: "other" }, { seed: 2 }, { params: {} }, { metrics: { auc: 0.9 } }, { file: { ...blob, bytes: 2 } }]) {
      expect(signatureProblem({ ...manifest, ...changed } as Manifest, trusted)).toContain("does not fit");
    }
  });

  it("does not count when another key made it, or when it cannot be read", () => {
    const { signature, ...unsigned } = sample();
    const thief = generateKeyPairSync("ed25519").privateKey;
    expect(signatureProblem(signManifest(unsigned, thief), trusted)).toContain("not trusted");
    expect(signatureProblem({ ...unsigned, signature: { ...signManifest(unsigned, thief).signature, key: signature.key } }, trusted)).toContain("does not fit");
    expect(signatureProblem({ ...unsigned, signature: { ...signature, key: "AAAA" } }, ["AAAA"])).toContain("cannot be read");
  });
});

describe("the home's signing key", () => {
  it("is made once, for its owner only, also when two processes ask at once", async () => {
    const keys = await Promise.all([ensureSigningKey(home), ensureSigningKey(home), ensureSigningKey(home)]);
    expect(new Set(keys.map(publicKeyOf)).size).toBe(1);
    expect(statSync(signingKeyFile(home)).mode & 0o777).toBe(0o600);
    expect(publicKeyOf(await ensureSigningKey(home))).toBe(publicKeyOf(keys[0]!));
  });

  it("has a short name for people", () => {
    expect(fingerprint(trusted[0]!)).toMatch(/^[0-9a-f]{16}$/);
  });

  it("is refused when the file holds no ed25519 private key", async () => {
    const path = join(home, "other.pem");
    writeFileSync(path, generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }));
    await expect(readSigningKey(path)).rejects.toMatchObject({ type: "InvalidInput", message: expect.stringContaining("type ec") as string });
    writeFileSync(path, "hello");
    await expect(readSigningKey(path)).rejects.toMatchObject({ type: "InvalidInput", message: expect.stringContaining(path) as string });
  });
});

import { describe, expect, it } from "vitest";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { generateKeyPairSync } from "node:crypto";
import { publicKeyOf } from "../../stores/signing.ts";
import { verifyModel } from "../../stores/verify.ts";
import { canonicalBytes, sha256Hex } from "../../stores/canonical.ts";
import { ann, key, promoteSamples, robot } from "./registry-samples.ts";

const trusted = [publicKeyOf(key)];

async function history(contents = ["a", "b"]) {
  const bucket = createMemoryBucket();
  const store = bucket.connect();
  const registry = openRegistry(store, "flights");
  await promoteSamples(store, registry, contents);
  await registry.rollback({ txn: "back", actor: robot, reason: "it was worse in the evening" });
  return { bucket, verify: (keys = trusted) => verifyModel(bucket.connect(), "flights", { trusted: keys }) };
}

describe("verify", () => {
  it("finds nothing in an untouched history", async () => {
    const { verify } = await history();
    expect(await verify()).toMatchObject({ entries: 7, versions: 2, findings: [] });
  });

  it("finds nothing in a model that has no log", async () => {
    expect(await verifyModel(createMemoryBucket().connect(), "flights", { trusted })).toMatchObject({ entries: 0, findings: [] });
  });

  it("finds a flipped bit in every object, wherever it is", async () => {
    const { bucket, verify } = await history();
    let flips = 0;
    for (const [key, object] of bucket.objects) {
      if (key === "models/flights/head.json") continue;
      const original = object.body;
      for (let at = 0; at < original.length; at += Math.max(1, Math.floor(original.length / 23))) {
        const body = original.slice();
        body[at] = (body[at] as number) ^ (1 << (at % 7));
        bucket.objects.set(key, { ...object, body });
        const { findings } = await verify();
        expect(findings.length, `${key} byte ${at}`).toBeGreaterThan(0);
        expect(findings.some((finding) => finding.key === key || key.includes("/log/")), `${key} byte ${at}: ${JSON.stringify(findings)}`).toBe(true);
        flips++;
      }
      bucket.objects.set(key, object);
    }
    expect(flips).toBeGreaterThan(300);
    expect((await verify()).findings).toEqual([]);
  });

  it.each([
    ["no answer at all", []],
    ["an answer that was refused", [{ ...ann, refused: "too late" }]],
    ["an answer to something else", [{ ...ann, digest: "f".repeat(12) }]],
    ["a no", [{ ...ann, decision: "reject" }]],
  ])("finds an approval with %s, also where every hash was made to fit", async (_, answers) => {
    const { bucket, verify } = await history();
    let previousHash: string | null = null;
    for (let n = 1; n <= 7; n++) {
      const name = `models/flights/log/${String(n).padStart(20, "0")}.json`;
      const object = bucket.objects.get(name)!;
      const entry = { ...JSON.parse(new TextDecoder().decode(object.body)), previousHash };
      if (n === 2) entry.operation.answers = answers.map((answer) => ({ ...answer, digest: answer.digest === ann.digest ? entry.operation.digest : answer.digest }));
      const body = canonicalBytes(entry);
      previousHash = sha256Hex(body);
      bucket.objects.set(name, { ...object, body });
    }
    bucket.objects.delete("models/flights/head.json");
    expect((await verify()).findings).toMatchObject([{ key: "models/flights/log/00000000000000000003.json", problem: expect.stringContaining("holds no answer that allows version 1") as string }]);
  });

  it("finds two models that were swapped", async () => {
    const { bucket, verify } = await history();
    const models = [...bucket.objects].filter(([, object]) => object.body.length === 1);
    bucket.objects.set(models[0]![0], models[1]![1]);
    bucket.objects.set(models[1]![0], models[0]![1]);
    expect((await verify()).findings.map((finding) => finding.key).toSorted()).toEqual(models.map(([key]) => key).toSorted());
  });

  it("finds a missing entry, also when later ones are left", async () => {
    const { bucket, verify } = await history();
    bucket.objects.delete("models/flights/log/00000000000000000004.json");
    const { findings, entries } = await verify();
    expect(entries).toBe(3);
    expect(findings.filter((finding) => finding.problem.includes("beyond entry 3"))).toHaveLength(3);
  });

  it("finds a log whose end was cut off", async () => {
    const { bucket, verify } = await history();
    bucket.objects.delete("models/flights/log/00000000000000000007.json");
    expect((await verify()).findings).toMatchObject([{ key: "models/flights/head.json" }]);
  });

  it("finds a manifest signed by a key that is not trusted", async () => {
    const { verify } = await history();
    const other = publicKeyOf(generateKeyPairSync("ed25519").publicKey);
    expect((await verify([other])).findings.map((finding) => finding.problem)).toEqual([expect.stringContaining("not trusted"), expect.stringContaining("not trusted")]);
  });

  it("finds missing blobs and copies", async () => {
    const { bucket, verify } = await history();
    for (const key of [...bucket.objects.keys()].filter((key) => key.endsWith("card.md") || key.startsWith("blobs/"))) bucket.objects.delete(key);
    expect((await verify()).findings.length).toBe(10);
  });
});

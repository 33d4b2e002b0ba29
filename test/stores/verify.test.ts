import { describe, expect, it } from "vitest";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { generateKeyPairSync } from "node:crypto";
import { publicKeyOf } from "../../stores/signing.ts";
import { verifyModel } from "../../stores/verify.ts";
import { key, promoteSamples, robot } from "./registry-samples.ts";

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

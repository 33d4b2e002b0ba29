import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { S3Settings } from "../../schemas/settings.ts";
import { connectS3, type S3Connection } from "../../stores/s3-object-store.ts";
import { objectStoreContract } from "../contracts/object-store.ts";
import { startFaultProxy, type FaultProxy } from "../support/fault-proxy.ts";
import { freshBucket } from "../support/s3.ts";

const connect = (settings: S3Settings, endpoint = settings.endpoint, limits: { timeoutMs?: number; attempts?: number } = {}): S3Connection =>
  connectS3({ endpoint, region: settings.region, bucket: settings.bucket, ...(settings.credentials === null ? {} : { credentials: settings.credentials as { accessKeyId: string; secretAccessKey: string } }), ...limits });

objectStoreContract("S3", async () => {
  const settings = await freshBucket("contract");
  const proxy = await startFaultProxy(settings.endpoint as string);
  const store = connect(settings, settings.endpoint, { timeoutMs: 60_000 });
  const lossy = connect(settings, proxy.endpoint);
  const losingNextReply = () => {
    let left = 1;
    proxy.fault = ({ method }) => (method === "PUT" && left-- > 0 ? { kind: "cut" } : null);
    return lossy;
  };
  const close = async () => {
    store.close();
    lossy.close();
    await proxy.close();
  };
  return { store, losingNextReply, largeBytes: 35 * 1024 * 1024, writers: 16, close };
});

describe("the S3 object store behind a bad network", () => {
  let settings: S3Settings;
  let proxy: FaultProxy;
  let store: S3Connection;
  const folder = mkdtempSync(join(tmpdir(), "relearn-s3-"));
  const body = new Uint8Array(200_000).fill(7);
  beforeAll(async () => {
    settings = await freshBucket("faults");
    proxy = await startFaultProxy(settings.endpoint as string);
    store = connect(settings, proxy.endpoint, { timeoutMs: 400, attempts: 3 });
    await store.put("k", body);
  });
  afterEach(() => {
    proxy.fault = () => null;
  });
  afterAll(async () => {
    store.close();
    await proxy.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Lets a fault meet the first `times` requests from now on. */
  const meet = (times: number, fault: NonNullable<ReturnType<FaultProxy["fault"]>>) => {
    let left = times;
    proxy.fault = () => (left-- > 0 ? fault : null);
  };

  it("tries again after a 503, a reset, a truncated body and one that stops moving", async () => {
    for (const fault of [{ kind: "status", status: 503, code: "SlowDown" }, { kind: "drop" }, { kind: "truncate", bytes: 1_000 }, { kind: "stall", bytes: 1_000 }] as const) {
      meet(1, fault);
      expect((await store.get("k"))?.body.byteLength).toBe(body.byteLength);
      meet(1, fault);
      expect(await store.download("k", join(folder, "k"))).toMatchObject({ bytes: body.byteLength });
      expect(readdirSync(folder)).toEqual(["k"]);
    }
  });

  it("gives up after its attempts, within a bounded time, naming bucket and key", async () => {
    meet(99, { kind: "delay", ms: 5_000 });
    const from = Date.now();
    await expect(store.get("k")).rejects.toMatchObject({ type: "StoreUnavailable", message: expect.stringContaining(`s3://${settings.bucket}/k`) as string });
    expect(Date.now() - from).toBeLessThan(4_000);
    meet(99, { kind: "status", status: 500, code: "InternalError" });
    await expect(store.get("k")).rejects.toMatchObject({ message: expect.stringContaining("HTTP 500 InternalError") as string });
  });

  it("does not repeat a put that may be tried once", async () => {
    const before = proxy.seen.length;
    meet(1, { kind: "status", status: 503, code: "SlowDown" });
    await expect(store.put("once", body, { once: true })).rejects.toMatchObject({ type: "StoreUnavailable" });
    expect(proxy.seen.length - before).toBe(1);
  });

  it("knows its own create when the first reply was lost", async () => {
    meet(1, { kind: "cut" });
    expect((await store.put("created", body, { ifNoneMatch: "*" })).outcome).toBe("stored");
    meet(1, { kind: "cut" });
    expect((await store.put("created", new Uint8Array([1]), { ifNoneMatch: "*" })).outcome).toBe("exists");
  });

  it("reports a 409 as a conflict", async () => {
    meet(1, { kind: "status", status: 409, code: "ConditionalRequestConflict" });
    expect((await store.put("conflicted", body, { ifNoneMatch: "*", once: true })).outcome).toBe("conflict");
  });

  it("refuses wrong credentials, a missing bucket and a lacking operation at once, with advice", async () => {
    const before = proxy.seen.length;
    const wrong = connectS3({ endpoint: proxy.endpoint, region: settings.region, bucket: settings.bucket, credentials: { accessKeyId: "nobody", secretAccessKey: "wrong" } });
    await expect(wrong.get("k")).rejects.toMatchObject({ type: "StoreRefused", message: expect.stringContaining("credentials") as string });
    wrong.close();
    const elsewhere = connect({ ...settings, bucket: "no-such-bucket-here" }, proxy.endpoint);
    await expect(elsewhere.get("k")).rejects.toMatchObject({ type: "StoreRefused", message: expect.stringContaining("create the bucket") as string });
    elsewhere.close();
    meet(1, { kind: "status", status: 501, code: "NotImplemented" });
    await expect(store.put("k2", body)).rejects.toMatchObject({ type: "StoreRefused" });
    expect(proxy.seen.length - before).toBe(3);
  });

  it("says that a server which is down cannot be reached", async () => {
    const down = connect(settings, "http://127.0.0.1:9", { attempts: 2 });
    await expect(down.get("k")).rejects.toMatchObject({ type: "StoreUnavailable" });
    down.close();
  });
});

import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { landedSource } from "../../schemas/source.ts";
import { openLanding } from "../../stores/landing.ts";
import { connectS3 } from "../../stores/s3-object-store.ts";
import { freshBucket } from "../support/s3.ts";

const folder = mkdtempSync(join(tmpdir(), "relearn-landing-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a file that lies in a bucket is fetched by the ETag it was listed with, however it was uploaded", async () => {
  const settings = await freshBucket("landing");
  const store = connectS3({ ...settings, credentials: settings.credentials as { accessKeyId: string; secretAccessKey: string } });
  writeFileSync(join(folder, "large"), new Uint8Array(20 * 1024 * 1024).fill(1));
  await store.put("in/2013-01.parquet", new Uint8Array([1, 2, 3]));
  await store.upload("in/2013-02.parquet", join(folder, "large"));
  const given = landedSource.parse({ format: "parquet", uri: `s3://${settings.bucket}/in/{yyyy}-{MM}.parquet`, time: "at" });
  const landing = openLanding(given, { timezone: "UTC", openBucket: () => store, base: folder });
  const { files, missing } = await landing.list({ from: "2013-01-01T00:00:00Z", to: "2013-04-01T00:00:00Z" });
  expect([files.map((file) => file.bytes), missing.map((file) => file.span.from)]).toEqual([[3, 20 * 1024 * 1024], ["2013-03-01T00:00:00Z"]]);
  for (const file of files) {
    await landing.fetch(file, join(folder, "fetched"));
    expect(statSync(join(folder, "fetched")).size).toBe(file.bytes);
  }
  await store.put("in/2013-01.parquet", new Uint8Array([4]));
  await expect(landing.fetch(files[0]!, join(folder, "fetched"))).rejects.toMatchObject({ type: "DataHeld" });
  store.close();
});

import { expect, it } from "vitest";
import { connectS3 } from "../../stores/s3-object-store.ts";
import { probeStore } from "../../stores/probe.ts";
import { openRegistry } from "../../stores/registry.ts";
import { verifyModel } from "../../stores/verify.ts";
import { publicKeyOf } from "../../stores/signing.ts";
import { freshBucket } from "../support/s3.ts";
import { raceCommits } from "./commit-log-race.ts";
import { key, promoteSamples } from "./registry-samples.ts";

it("16 writers whose replies are lost one time in ten lose nothing, double nothing and mistake no write of their own", { timeout: 180_000 }, async () => {
  const race = await raceCommits({ writers: 16, each: 10, share: 0.1, seed: 7 });
  console.log(`${race.commits} commits, ${race.cut} replies cut, ${race.seconds.toFixed(1)} s`);
  expect(race.problems).toEqual([]);
  expect(race.commits).toBe(160);
  expect(race.cut).toBeGreaterThan(10);
});

it("a registry on a real bucket promotes, and verifies without a finding", async () => {
  const settings = await freshBucket("registry");
  const store = connectS3({ ...settings, credentials: settings.credentials as { accessKeyId: string; secretAccessKey: string } });
  await probeStore(store);
  const registry = openRegistry(store, "flights");
  await promoteSamples(store, registry, ["a", "b"]);
  expect(await registry.champion()).toMatchObject({ v: 2 });
  expect(await verifyModel(store, "flights", { trusted: [publicKeyOf(key)] })).toMatchObject({ entries: 6, versions: 2, findings: [] });
  store.close();
});

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { BatchEnd } from "../../activities/contract.ts";
import { getBatchManifest } from "../../stores/batches.ts";
import { ensureSigningKey } from "../../stores/signing.ts";
import { connectTemporal, openStores } from "../../workers/connect.ts";
import { batchStage, parquetOf, registerPlanes } from "../activities/batch-stage.ts";
import { testSettings } from "../support/settings.ts";
import { faultyBundle } from "./faulty-bundle.ts";
import { linesOf, onceExited, startWorker } from "./supervisor.ts";

const rows = 20_000;
const query = (n: number) => `select ${n} * ${rows} + i as id, (100 + i % 900)::double as distance, ['AA', 'B6', 'UA'][1 + i % 3] as carrier, (i % 13) / 5.0 as delay from range(${rows}) t(i)`;
const names = ["a", "b", "c"];
/** In the order they come: the model's process begins, a file is stored and not recorded, all is scored and nobody knows. */
const deaths = ["after fork batch-child-main.js", "after upload scored/one/b.parquet-*-*.parquet", "before put scored/one/_relearn.json"];

it("a batch whose worker is killed again and again ends with the objects of one that was left alone", async () => {
  const settings = await testSettings("batch");
  const folder = join(settings.home, "faults");
  mkdirSync(folder, { recursive: true });
  const parts = await faultyBundle(folder);
  const { store, close } = openStores(settings);
  const calm = await batchStage();
  await registerPlanes(store, await ensureSigningKey(settings.home));
  for (const [n, name] of names.entries()) {
    const file = await parquetOf(query(n), folder);
    await calm.land(`${name}.parquet`, file);
    await store.put(`landing/${name}.parquet`, file);
  }
  const alone = calm.score({ keep: ["id"] });
  const temporal = await connectTemporal(settings);
  const log = join(folder, "points.log");
  const handle = await temporal.client.workflow.start("batchScoring", {
    workflowId: "planes/score/one", taskQueue: "batch-faults", workflowTaskTimeout: "2s",
    args: [{ model: "planes", v: 1, from: `s3://${store.bucket}/landing/`, to: `s3://${store.bucket}/scored/one/`, keep: ["id"], parallel: 1 }],
  });
  const result = handle.result() as Promise<BatchEnd>;
  result.catch(() => undefined);
  let worker = startWorker(parts, settings, "batch-faults", log, deaths[0]!);
  try {
    for (const next of [...deaths.slice(1), "-"]) {
      const exit = await Promise.race([onceExited(worker), result.then(() => null)]);
      expect(exit, `died before ${next}; passed ${linesOf(log).join(", ")}`).toMatchObject({ signal: "SIGKILL" });
      worker = startWorker(parts, settings, "batch-faults", log, next);
    }
    expect(await result).toMatchObject({ files: 3, rows: 3 * rows, skipped: 0 });
  } finally {
    worker.kill("SIGKILL");
    await temporal.close();
  }
  await alone;
  const manifest = (await getBatchManifest(store, "scored/one/"))!;
  const made: string[] = [];
  for await (const { key } of store.list("scored/one/")) made.push(key);
  expect(made.sort()).toEqual([...manifest.files.map(({ output }) => output.uri.replace(`s3://${store.bucket}/`, "")), "scored/one/_relearn-job.json", "scored/one/_relearn.json"].sort());
  expect(manifest.files.map(({ output }) => output.sha256)).toEqual((await calm.manifest()).files.map(({ output }) => output.sha256));
  close();
}, 120_000);

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { readResult } from "../../launchers/job-objects.ts";
import { downloadBlob } from "../../stores/blobs.ts";
import { testSettings } from "../support/settings.ts";
import { faultyBundle } from "./faulty-bundle.ts";
import { orphans, summaryOf } from "./summary.ts";
import { type Case, carryThrough, newest, type Parts } from "./supervisor.ts";

/** Lives of one pipeline that run side by side, each with its share of the points. */
const chains = 4;

/** A life in which no worker died: the points that it passed, and what it left. */
export interface CalmLife { readonly parts: Parts; readonly points: readonly string[]; readonly summary: unknown }

/** Leads one pipeline from its trigger to its promotion. */
export async function calmLife(): Promise<CalmLife> {
  const settings = await testSettings("faults");
  const folder = join(settings.home, "faults");
  mkdirSync(folder, { recursive: true });
  const { bundle, workerEntry } = await faultyBundle(folder);
  const real: Parts = { settings, bundle, workerEntry, trainer: ["sh", "-c", "echo once >> trainings.log; exec python -m relearn_trainers.linear"] };
  const { done } = await carryThrough(real, []);
  const parts = { ...real, trainer: await recordedTrainer(done, folder) };
  const again = await carryThrough(parts, []);
  return { parts, points: [...new Set(again.done.passed())], summary: await summaryOf(again.done) };
}

/** A trainer that gives what the real one gave for these rows, at once: what is under test is everything around it. */
async function recordedTrainer({ store, name }: Case, folder: string): Promise<readonly string[]> {
  const record = await newest(store, name);
  const result = await readResult(store, record?.job ?? "");
  if (result?.state !== "succeeded") throw new Error(`the recording run ended ${record?.state}: ${record?.reason}`);
  for (const [file, ref] of Object.entries(result.files)) await downloadBlob(store, ref, join(folder, file));
  for (const file of ["model.onnx", "predictions.parquet"]) if (!existsSync(join(folder, file))) throw new Error(`the recording run left no ${file}`);
  return ["sh", "-c", `echo once >> trainings.log; cp '${folder}/model.onnx' '${folder}/predictions.parquet' '${folder}/metrics.json' "$RELEARN_OUTPUT_DIR"`];
}

/** Kills a worker with SIGKILL at each of these points, in lives that must all end as the calm one did. */
export async function killAtEach({ parts, summary }: CalmLife, points: readonly string[]): Promise<void> {
  let left = points;
  for (let round = 0; left.length > 0; round++) {
    expect(round, `points that were never reached: ${left.join(", ")}`).toBeLessThan(5);
    const shares = Array.from({ length: Math.min(chains, left.length) }, (_, chain) => left.filter((_, i) => i % chains === chain));
    const lives = await Promise.all(shares.map((share) => carryThrough(parts, share)));
    for (const { done } of lives) {
      expect(await summaryOf(done)).toEqual(summary);
      await sleep(200);
      expect(orphans(done)).toEqual([]);
    }
    const died = new Set(lives.flatMap((life) => life.died));
    left = left.filter((point) => !died.has(point));
  }
}

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureTypeOf } from "../../../schemas/failures.ts";
import { openPredictionSpool } from "../../../serving/prediction-spool/prediction-log.ts";
import { usualSpool } from "../../../serving/prediction-spool/spool.ts";
import type { SpoolOptions } from "../../../serving/prediction-spool/spool-options.ts";
import { headOf } from "../../../shipping/gather-predictions.ts";
import { entryKinds, readSegment } from "../../../stores/spool-frames.ts";
import type { PredictionRecord } from "../../../serving/prediction-log.ts";
import { record } from "./samples.ts";
import { mountSmallDisk, noSmallDisk, unmountSmallDisk } from "../../support/small-disk.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "spool-"));
});
afterAll(() => rm(root, { recursive: true }));

const opened = async (change: Partial<SpoolOptions> = {}) => {
  const folder = change.folder ?? (await mkdtemp(join(root, "one-")));
  const { append, spool } = await openPredictionSpool({ ...usualSpool, ...change, folder });
  return { folder, spool, append, take: async (one: PredictionRecord): Promise<void> => append(one) };
};
async function idsIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const { entries } = readSegment(await readFile(join(folder, name)));
    found.push(...entries.filter(({ kind }) => kind === entryKinds.prediction).map(({ body }) => headOf(body).id));
  }
  return found;
}

describe("the spool", () => {
  test("keeps everything it took, in order, over many segments that each stand by themselves", async () => {
    const { folder, append, spool } = await opened({ segmentBytes: 20_000, groupMs: 1 });
    const records = Array.from({ length: 500 }, () => record());
    for (const [i, one] of records.entries()) {
      expect(append(one)).toBeUndefined();
      if (i % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await spool.close();
    expect((await readdir(folder)).length).toBeGreaterThan(3);
    expect(await idsIn(folder)).toEqual(records.map(({ id }) => id));
  });

  test("in durable mode resolves once the record is in a file, many at a time", async () => {
    const { folder, append, spool } = await opened({ durable: true });
    const records = Array.from({ length: 50 }, () => record());
    const promises = records.map((one) => append(one));
    expect(new Set(promises).size).toBe(1);
    await promises[0];
    expect(await idsIn(folder)).toEqual(records.map(({ id }) => id));
    await spool.close();
  });

  test("takes a record larger than a group, and texts of any kind", async () => {
    const { folder, append, spool } = await opened();
    const rows = 20_000;
    const { columns } = record().batch;
    const wide = columns.map((values) => (Array.isArray(values) ? Array.from({ length: rows }, (_, i) => `\ud800 ${i} é`) : new (values.constructor as Float32ArrayConstructor)((values.length / 2) * rows)));
    await append(record({ batch: { rows, columns: wide }, scores: new Float32Array(rows * 2) }));
    await append(record());
    await spool.close();
    expect(await idsIn(folder)).toHaveLength(2);
  });

  test("takes a record larger than what it holds in memory, while others are written", async () => {
    const { folder, take, spool } = await opened({ bufferBytes: 20_000 });
    const { rows, columns } = record().batch;
    const large = record({ batch: { rows, columns: columns.map((values) => (Array.isArray(values) ? values.map(() => "x".repeat(50_000)) : values)) } });
    await Promise.all([record(), large, record(), large].map(take));
    await spool.close();
    expect(await idsIn(folder)).toHaveLength(4);
  });

  test("makes callers wait where nothing drains, and refuses them after a while, without losing what it took", async () => {
    const { folder, take, spool } = await opened({ maxBytes: 20_000, waitMs: 60 });
    const records = Array.from({ length: 200 }, () => record());
    const results = await Promise.all(records.map((one) => take(one).then(() => "taken", failureTypeOf)));
    expect(new Set(results)).toEqual(new Set(["taken", "Overloaded"]));
    await spool.roll(true);
    const waiting = take(record()).then(() => "taken", failureTypeOf);
    for (const path of await spool.closed()) await rm(path);
    await spool.closed();
    expect(await waiting).toBe("taken");
    await spool.close();
    expect(await idsIn(folder)).toHaveLength(1);
  });

  test("closes what a process that is gone left open, and leaves alone what one that lives writes", async () => {
    const { folder, append, spool } = await opened({ durable: true });
    await append(record());
    await writeFile(join(folder, "0-999999999-1-abcd.open"), "RLSPOOL1");
    expect((await spool.closed()).map((path) => path.slice(folder.length + 1))).toEqual(["0-999999999-1-abcd.segment"]);
    expect((await readdir(folder)).filter((name) => name.endsWith(".open"))).toHaveLength(1);
    await spool.close();
  });

  test("is for its owner's eyes only", async () => {
    const { folder, append, spool } = await opened({ folder: join(root, "private", "spool") });
    await append(record());
    await spool.close();
    expect([(await stat(folder)).mode & 0o077, ...(await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).mode & 0o077)))]).toEqual([0, 0]);
  });
});

describe("a disk that is full", () => {
  test("makes callers wait and refuses them; what was taken is written once there is room, and nothing stands in half", async (context) => {
    const disk = join(root, "disk");
    await mkdir(disk);
    if (!mountSmallDisk(disk, "256k")) return context.skip(noSmallDisk);
    try {
      const { folder, append, take, spool } = await opened({ folder: join(disk, "spool"), durable: true, waitMs: 100, bufferBytes: 100_000 });
      const taken = new Set<string>();
      const outcomes = new Set<unknown>();
      for (let i = 0; i < 100; i++) {
        const batch = Array.from({ length: 20 }, () => record());
        const settled = await Promise.allSettled(batch.map(take));
        settled.forEach(({ status }, j) => status === "fulfilled" && taken.add(batch[j]!.id));
        const failures = settled.flatMap((one) => (one.status === "rejected" ? [failureTypeOf(one.reason)] : []));
        failures.forEach((failure) => outcomes.add(failure));
        if (failures.length > 0) break;
      }
      expect([...outcomes]).toEqual(["Overloaded"]);
      execFileSync("mount", ["-o", "remount,size=4m", disk]);
      const after = record();
      await append(after);
      await spool.close();
      const kept = await idsIn(folder);
      expect([...taken, after.id].filter((id) => !kept.includes(id))).toEqual([]);
      expect(new Set(kept).size).toBe(kept.length);
    } finally {
      unmountSmallDisk(disk);
    }
  });
});

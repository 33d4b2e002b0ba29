import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { retryingStep } from "../../cli/support/retrying-step.ts";
import { connectTemporal } from "../../workers/connect.ts";
import { afterAll, describe, expect, it } from "vitest";
import { stopOwned } from "../../infra/owned-processes.ts";
import { environmentOf } from "../../schemas/settings.ts";
import { signingKeyFile } from "../../stores/signing.ts";
import { mountSmallDisk, unmountSmallDisk, works } from "../support/small-disk.ts";
import { expectApprovable, expectOnlyAReason } from "./aftermath.ts";
import { goodTrainer, makePipeline, type World } from "./world.ts";

interface Given { readonly world: World; readonly recorded: string }

/** A home for a worker that takes little, and can be full. */
export interface SmallDisk {
  readonly home: string;
  /** How the system says that it is full. */
  readonly says: RegExp;
  fill(worker: ChildProcess): void;
  /** Room for a run, and none for a trainer that writes twice `bytes`. */
  narrow(worker: ChildProcess): void;
  free(worker: ChildProcess): void;
  remove(): void;
}

const bytes = 8 * 2 ** 20;

/** Whole runs by a worker whose disk fills up. */
export function describeFullDisk(given: () => Given): void {
  describe("a disk that", () => {
    let disk: SmallDisk | null = null;
    let worker: ChildProcess | null = null;
    afterAll(async () => {
      if (worker !== null) await endWorker(worker);
      disk?.remove();
    });

    it("is full holds a run up, says so, and lets it go on once there is room", async (context) => {
      const { world, recorded } = given();
      disk = smallDisk(world);
      if (disk === null) return context.skip("neither a small file system can be mounted nor prlimit be used here");
      worker = await startWorker(world, disk.home);
      const made = makePipeline(world, "disk-full", goodTrainer(recorded));
      disk.fill(worker);
      const running = world.run(made);
      await expect.poll(() => pendingFailure(world, "disk-full"), { timeout: 25_000, interval: 200 }).toMatch(disk.says);
      expect((await world.latest("disk-full")).state).toBe("running");
      disk.free(worker);
      expect(await running).toMatchObject({ exitCode: 4 });
      await expectApprovable(world, "disk-full");
    });

    it("a trainer fills fails that run, and is free again", async (context) => {
      const { world } = given();
      if (disk === null) return context.skip("neither a small file system can be mounted nor prlimit be used here");
      disk.narrow(worker!);
      const filling = makePipeline(world, "disk-filler", `head -c ${2 * bytes} /dev/zero > "$RELEARN_OUTPUT_DIR/model.onnx"\n`);
      expect((await world.run(filling)).exitCode).toBe(1);
      await expectOnlyAReason(world, "disk-filler", "failed", /no room was left for its files/);
      expect(readdirSync(join(disk.home, "jobs")).filter((job) => existsSync(join(disk!.home, "jobs", job, "scratch")))).toEqual([]);
      disk.free(worker!);
    });
  });
}

/** A file system of its own where this process may mount one, else a limit on the size of the worker's files. */
export function smallDisk(world: World): SmallDisk | null {
  const home = join(world.home, "small-disk");
  mkdirSync(home);
  const says = (code: string): RegExp => new RegExp(`no room is left on the worker's disk: .*${code}.*; make room where its RELEARN_HOME lies`, "i");
  if (mountSmallDisk(home, String(bytes))) {
    const ballast = join(home, "ballast");
    return { home, says: says("no space left"), fill: () => fillUp(ballast), narrow: () => undefined, free: () => rmSync(ballast, { force: true }), remove: () => void unmountSmallDisk(home) };
  }
  if (!works("prlimit", ["--version"])) return null;
  const limit = (to: string) => ({ pid }: ChildProcess): void => void execFileSync("prlimit", ["--pid", String(pid), `--fsize=${to}:unlimited`]);
  return { home, says: says("file too large"), fill: limit("512"), narrow: limit(String(bytes)), free: limit("unlimited"), remove: () => undefined };
}

function fillUp(ballast: string): void {
  for (let step = bytes; step >= 1; step = Math.floor(step / 8)) {
    try {
      for (;;) writeFileSync(ballast, new Uint8Array(step), { flag: "a" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

/** Takes the place of the world's worker, with the same key, and what it keeps on the small disk. */
export async function startWorker({ home, settings }: World, small: string): Promise<ChildProcess> {
  await stopOwned(home, { names: ["worker"], graceMs: 0 });
  mkdirSync(dirname(signingKeyFile(small)), { recursive: true });
  cpSync(signingKeyFile(home), signingKeyFile(small));
  const env = environmentOf({ ...settings, home: small, temporal: { ...settings.temporal, from: "environment" }, s3: { ...settings.s3, from: "environment" } });
  const { PATH, HOME, TMPDIR } = process.env;
  const worker = spawn(process.execPath, [join(settings.root, "dist", "workers", "main.js")], { env: { PATH, HOME, TMPDIR, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((ready, failed) => {
    worker.once("exit", (code) => failed(new Error(`the worker ended with ${code} while it was starting`)));
    worker.stdout!.on("data", (chunk: Buffer) => chunk.includes('"ready"') && ready());
  });
  return worker;
}

export async function endWorker(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exit = new Promise((resolve) => worker.once("exit", resolve));
  worker.kill("SIGKILL");
  await exit;
}

/** What `relearn watch` says of the step that a pipeline's newest run tries again. */
async function pendingFailure(world: World, pipeline: string): Promise<string> {
  const { run } = await world.latest(pipeline).catch(() => ({ run: null }));
  if (run === null) return "";
  const { client, close } = await connectTemporal(world.settings);
  try {
    return retryingStep(await client.workflow.getHandle(run).describe()) ?? "";
  } finally {
    await close();
  }
}

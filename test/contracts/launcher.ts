import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { readResult } from "../../launchers/job-objects.ts";
import type { JobView, Launcher } from "../../launchers/launcher.ts";
import type { JobHandle, JobSpec } from "../../schemas/job.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { pythonJob, textInput, tinyModel } from "../launchers/jobs.ts";

export interface LauncherUnderTest {
  readonly store: ObjectStore;
  /** A launcher as the next worker would make it: it shares nothing in memory with the ones before. */
  readonly launcher: () => Launcher;
}

const folders: string[] = [];

/** A folder that goes when the tests of this file have ended. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "relearn-launcher-"));
  folders.push(folder);
  return folder;
}

const writeModel = `import os; open(os.environ["RELEARN_OUTPUT_DIR"] + "/model.onnx", "wb").write(${tinyModel})\n`;

/** Ends well or badly, but ends. @throws when the job still runs after `withinMs`. */
export async function untilEnded(launcher: Launcher, handle: JobHandle, withinMs = 30_000): Promise<JobView> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(25)) {
    const view = await launcher.poll(handle);
    if (view.state !== "queued" && view.state !== "running") return view;
  }
  throw new Error(`job ${handle.job} still runs after ${withinMs} ms`);
}

/** What every launcher keeps, whatever runs its jobs. */
export function launcherContract(setUp: () => Promise<LauncherUnderTest>): void {
  const begun: { launcher: Launcher; handle: JobHandle }[] = [];
  const submit = async (launcher: Launcher, spec: JobSpec): Promise<JobHandle> => {
    const handle = await launcher.submit(spec);
    begun.push({ launcher, handle });
    return handle;
  };
  const runToEnd = async ({ store, launcher }: LauncherUnderTest, code: string, changes: Partial<JobSpec> = {}) => {
    const spec = await pythonJob(store, code, changes);
    const driver = launcher();
    const handle = await submit(driver, spec);
    return { spec, handle, driver, view: await untilEnded(driver, handle), result: await readResult(store, spec.id) };
  };
  afterEach(async () => {
    for (const { launcher, handle } of begun.splice(0)) await launcher.cancel(handle);
  });

  afterAll(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  describe("a job that ends well", () => {
    test("gives its files, metrics and environment, and its log", async () => {
      const parts = await setUp();
      const code = `${writeModel}import json; json.dump({"auc": 0.75, "broken": float("nan")}, open(os.environ["RELEARN_OUTPUT_DIR"] + "/metrics.json", "w")); print("hello")`;
      const { view, result, handle, driver } = await runToEnd(parts, code);
      expect(view.state).toBe("succeeded");
      expect(result).toMatchObject({ state: "succeeded", exitCode: 0, seed: 7, metrics: { auc: 0.75 } });
      expect(Object.keys(result!.files)).toEqual(["metrics.json", "model.onnx"]);
      expect(await parts.store.head(`blobs/sha256/${result!.files["model.onnx"]!.sha256.slice(0, 2)}/${result!.files["model.onnx"]!.sha256}`)).toMatchObject({ bytes: 4 });
      expect(await driver.logs(handle, 1_000)).toBe("hello\n");
      expect(await driver.logs(handle, 3)).toBe("lo\n");
    });

    test("sees its data, parameters and seed in local files, and no credential", async () => {
      const parts = await setUp();
      const inputs = [await textInput(parts.store, "train/2013-01-01.parquet", "one"), await textInput(parts.store, "train/2013-01-02.parquet", "two")];
      const code = `${writeModel}import json; e = os.environ; m = json.load(open(e["RELEARN_INPUT_MANIFEST"]))
print(json.dumps({ "params": json.load(open(e["RELEARN_PARAMS"])), "seed": e["RELEARN_SEED"], "run": e["RELEARN_RUN_ID"], "data": [open(i["file"]).read() for i in m["inputs"]], "files": sorted(os.listdir(e["RELEARN_INPUT_DIR"] + "/train")), "secret": [n for n in e if n.startswith("AWS_") or n in ("RELEARN_JOB", "RELEARN_S3_ENDPOINT")] }))`;
      const { spec, handle, driver } = await runToEnd(parts, code, { inputs, params: { depth: 3 } });
      expect(JSON.parse(await driver.logs(handle, 10_000))).toEqual({
        params: { depth: 3 }, seed: "7", run: spec.run, data: ["one", "two"], files: ["2013-01-01.parquet", "2013-01-02.parquet"], secret: [],
      });
    });

    test("says how far it is while it runs, and broken progress lines harm nobody", async () => {
      const { store, launcher } = await setUp();
      const code = `${writeModel}import time; p = open(os.environ["RELEARN_PROGRESS"], "a", 1)
p.write('nonsense\\n[1]\\n{"progressPercentage": 400, "metrics": [{"name": "auc", "value": 0.5}, 3]}\\n{"progressPercentage": 40, "message": "half"}\\n'); time.sleep(30)`;
      const driver = launcher();
      const handle = await submit(driver, await pythonJob(store, code));
      const seen = async (): Promise<JobView> => {
        const view = await driver.poll(handle);
        return view.progress === null ? sleep(50).then(seen) : view;
      };
      expect(await seen()).toEqual({ state: "running", progress: { progressPercentage: 40, message: "half" }, reason: null });
    });
  });

  describe("a job is one job", () => {
    test("however often and by however many launchers it is submitted at once", async () => {
      const { store, launcher } = await setUp();
      const marks = await newFolder();
      const spec = await pythonJob(store, `${writeModel}import time; open(${JSON.stringify(marks)} + "/starts", "a").write("x"); time.sleep(0.3)`);
      const drivers = [launcher(), launcher(), launcher()];
      const handles = await Promise.all([...drivers, drivers[0]!].map((driver) => submit(driver, spec)));
      expect(new Set(handles.map((handle) => JSON.stringify(handle))).size).toBe(1);
      expect((await untilEnded(drivers[2]!, handles[0]!)).state).toBe("succeeded");
      await submit(launcher(), spec);
      expect(await readFile(join(marks, "starts"), "utf8")).toBe("x");
    });

    test("the next worker finds it with no more than its handle", async () => {
      const { store, launcher } = await setUp();
      const handle = await submit(launcher(), await pythonJob(store, `${writeModel}import time; time.sleep(0.4)`));
      const next = launcher();
      expect((await next.poll(JSON.parse(JSON.stringify(handle)))).state).toBe("running");
      expect((await untilEnded(next, handle)).state).toBe("succeeded");
    });
  });

  describe("a bad trainer fails with a reason", () => {
    const bad: readonly (readonly [string, string, RegExp, Partial<{ exitCode: number | null; retryable: boolean }>])[] = [
      ["that exits 1", `import sys; print("no such column: depth"); sys.exit(1)`, /exit code 1[\s\S]*no such column: depth/, { exitCode: 1, retryable: false }],
      ["that writes no model", "print('fine')", /wrote no model\.onnx/, {}],
      ["that writes a truncated model", `import os; open(os.environ["RELEARN_OUTPUT_DIR"] + "/model.onnx", "wb").write(b"\\x08\\x09\\x3a\\x7fabc")`, /truncated/, {}],
      ["that hands in another run's model", `${writeModel}os.utime(os.environ["RELEARN_OUTPUT_DIR"] + "/model.onnx", (1, 1))`, /older than this job/, {}],
      ["that links to a file it was not given", `${writeModel}os.symlink("/etc/hostname", os.environ["RELEARN_OUTPUT_DIR"] + "/notes.txt")`, /notes\.txt .*not a plain file/, {}],
      ["that is killed", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", /killed by SIGKILL/, { exitCode: 137, retryable: true }],
      ["that asks to be tried again, each time, and leaves a model of its first try", `import os, sys; d = os.environ["RELEARN_CHECKPOINT_DIR"]
if not os.path.exists(d + "/x"): ${writeModel.trim().replaceAll("\n", "; ")}
open(d + "/x", "w"); sys.exit(75)`, /exit code 75/, { exitCode: 75, retryable: true }],
    ];
    test.each(bad)("%s", async (_name, code, reason, rest) => {
      const { view, result } = await runToEnd(await setUp(), code);
      expect(view).toMatchObject({ state: "failed", reason: expect.stringMatching(reason) });
      expect(result).toMatchObject({ state: "failed", files: {}, ...rest });
    });

    test("that cannot be started", async () => {
      const { view } = await runToEnd(await setUp(), "", { command: ["no-such-trainer"] });
      expect(view).toMatchObject({ state: "failed", reason: expect.stringMatching(/cannot start 'no-such-trainer'/) });
    });

    test("that hangs and ignores SIGTERM, at its timeout", async () => {
      const { view } = await runToEnd(await setUp(), "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)", { timeoutSeconds: 0.5 });
      expect(view).toMatchObject({ state: "failed", reason: expect.stringMatching(/its timeout[\s\S]*deaf/) });
    });

    test("whose input is not there", async () => {
      const blob = { sha256: "0".repeat(64), bytes: 3 };
      const { view } = await runToEnd(await setUp(), writeModel, { inputs: [{ path: "train/a.parquet", blob, rows: 1 }] });
      expect(view).toMatchObject({ state: "failed", reason: expect.stringMatching(/there is no .*0000/) });
    });

    test("but printing 300 MB is no failure, and only its ends are kept", async () => {
      const { view, handle, driver } = await runToEnd(await setUp(), `${writeModel}import sys; line = "x" * 999999 + "\\n"; print("first")\nfor _ in range(300): sys.stdout.write(line)\nprint("last")`);
      expect(view.state).toBe("succeeded");
      const log = await driver.logs(handle, 10_000_000);
      expect(log.length).toBeLessThan(2_200_000);
      expect(log).toMatch(/^first\n[\s\S]*bytes left out[\s\S]*last\n$/);
    });
  });

  describe("an ended job", () => {
    test("leaves no process, not even a grandchild in a session of its own that cleared its environment", async () => {
      const marks = await newFolder();
      const child = `import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0: os.execve("/bin/sleep", ["sleep", "600"], {})\n os._exit(0)\n`;
      const { view } = await runToEnd(await setUp(), `${child}${writeModel}time.sleep(0.1); open(${JSON.stringify(marks)} + "/pids", "w").write(os.popen("ps -e -o pid=,args=").read())`);
      expect(view.state).toBe("succeeded");
      const sleeper = (await readFile(join(marks, "pids"), "utf8")).split("\n").filter((line) => line.endsWith("sleep 600")).map((line) => Number.parseInt(line, 10));
      expect(sleeper.length).toBeGreaterThan(0);
      expect(sleeper.filter(lives)).toEqual([]);
    });

    test("is not started again, and cancelling it changes nothing", async () => {
      const parts = await setUp();
      const { spec, handle, driver, result } = await runToEnd(parts, writeModel);
      await driver.cancel(handle);
      await driver.submit(spec);
      expect(await readResult(parts.store, spec.id)).toEqual(result);
      expect((await driver.poll(handle)).state).toBe("succeeded");
    });
  });

  describe("cancel", () => {
    test("ends a trainer that ignores SIGTERM, with its children, and the job stays cancelled", async () => {
      const { store, launcher } = await setUp();
      const driver = launcher();
      const pids = join(await newFolder(), "pids");
      const code = `import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nif os.fork() == 0: os.setsid()\nopen(${JSON.stringify(pids)}, "a").write("%d\\n" % os.getpid()); time.sleep(600)`;
      const spec = await pythonJob(store, code);
      const handle = await submit(driver, spec);
      const found = await eventually(async () => numbers(await readFile(pids, "utf8").catch(() => "")), (all) => all.length === 2);
      await Promise.all([driver.cancel(handle), launcher().cancel(handle)]);
      expect(found.filter(lives)).toEqual([]);
      await driver.submit(spec);
      expect((await driver.poll(handle)).state).toBe("cancelled");
    });

    test("before anything has started means that nothing starts", async () => {
      const { store, launcher } = await setUp();
      const spec = await pythonJob(store, writeModel);
      const handle = { launcher: launcher().name, job: spec.id, native: "none" };
      await launcher().cancel(handle);
      await launcher().submit(spec);
      expect((await launcher().poll(handle)).state).toBe("cancelled");
    });
  });
}

/** Repeats a question until its answer is right. */
export async function eventually<T>(ask: () => Promise<T>, right: (answer: T) => boolean, withinMs = 10_000): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; await sleep(20)) {
    const answer = await ask();
    if (right(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(answer)} after ${withinMs} ms`);
  }
}

export const numbers = (text: string): number[] => text.split("\n").filter(Boolean).map(Number);

/** Whether there is such a process; one that waits only for its parent to look has ended. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

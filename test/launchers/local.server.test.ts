import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readResult } from "../../launchers/job-objects.ts";
import { localLauncher, type LocalLauncherOptions } from "../../launchers/local.ts";
import { loadSettings } from "../../schemas/settings.ts";
import { connectS3 } from "../../stores/s3-object-store.ts";
import { eventually, launcherContract, lives, newFolder, numbers, untilEnded } from "../contracts/launcher.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { freshBucket } from "../support/s3.ts";
import { pythonJob, textInput, tinyModel } from "./jobs.ts";

const { python, root } = loadSettings({});
const bucket = once(() => freshBucket("jobs"));

async function options(env: Record<string, string> = {}): Promise<LocalLauncherOptions> {
  const { endpoint, region, credentials, bucket: name } = await bucket();
  return {
    home: await newFolder(),
    store: connectS3({ bucket: name, endpoint, region, credentials: credentials! }),
    python: python.executable, packages: join(root, "trainers"), graceSeconds: 0.5,
    env: { PATH: process.env["PATH"], ...python.environment, RELEARN_S3_ENDPOINT: endpoint!, AWS_REGION: region, AWS_ACCESS_KEY_ID: credentials!.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials!.secretAccessKey, ...env },
  };
}

describe("the local launcher", () => {
  launcherContract(async () => {
    const made = await options();
    return { store: made.store, launcher: () => localLauncher(made) };
  });

  test("a job whose wrapper was killed is lost, leaves nothing alive, and goes on from its checkpoint when submitted again", async () => {
    const made = await options();
    const pids = join(made.home, "pids");
    const code = `import os, time
here = os.environ["RELEARN_CHECKPOINT_DIR"] + "/half"
if os.path.exists(here):
    open(os.environ["RELEARN_OUTPUT_DIR"] + "/model.onnx", "wb").write(${tinyModel}); print("went on from", open(here).read()); raise SystemExit
open(here + ".tmp", "w").write("50 %"); os.rename(here + ".tmp", here)
if os.fork() == 0: os.setsid()
open(${JSON.stringify(pids)}, "a").write("%d\\n" % os.getpid()); time.sleep(600)`;
    const spec = await pythonJob(made.store, code);
    const handle = await localLauncher(made).submit(spec);
    const found = await eventually(async () => numbers(await readFile(pids, "utf8").catch(() => "")), (all) => all.length === 2);
    await eventually(() => made.store.head(`jobs/${spec.id}/checkpoints/half`), (info) => info !== null);
    process.kill(Number(handle.native), "SIGKILL");
    const next = localLauncher(made);
    expect(await untilEnded(next, handle)).toMatchObject({ state: "lost" });
    await eventually(async () => found.filter(lives), (all) => all.length === 0);
    expect((await untilEnded(next, await next.submit(spec))).state).toBe("succeeded");
    expect(await next.logs(handle, 1_000)).toBe("went on from 50 %\n");
    // The wrapper clears up once its result is there.
    await eventually(() => readdir(join(made.home, "jobs", spec.id)), (left) => !left.includes("scratch"));
  });

  test("a preempted job gets its grace, leaves a checkpoint and no result, and goes on from there", async () => {
    const made = await options();
    const code = `import os, signal, sys, time
here = os.environ["RELEARN_CHECKPOINT_DIR"] + "/last"
if os.path.exists(here):
    open(os.environ["RELEARN_OUTPUT_DIR"] + "/model.onnx", "wb").write(${tinyModel}); sys.exit()
def told(*_):
    open(here, "w").write("told"); sys.exit(143)
signal.signal(signal.SIGTERM, told); print("ready", flush=True); open(os.environ["RELEARN_PROGRESS"], "w").write('{"step": 1}\\n'); time.sleep(600)`;
    const spec = await pythonJob(made.store, code);
    const launcher = localLauncher({ ...made, graceSeconds: 10 });
    const handle = await launcher.submit(spec);
    await eventually(() => launcher.poll(handle), (view) => view.progress !== null);
    process.kill(Number(handle.native), "SIGTERM");
    expect((await untilEnded(launcher, handle)).state).toBe("lost");
    expect(await readResult(made.store, spec.id)).toBeNull();
    expect((await untilEnded(launcher, await launcher.submit(spec))).state).toBe("succeeded");
  });

  test("a process that got the id of a dead job is not taken for it", async () => {
    const made = await options();
    const spec = await pythonJob(made.store, "import time; time.sleep(600)");
    const launcher = localLauncher(made);
    const handle = await launcher.submit(spec);
    process.kill(Number(handle.native), "SIGKILL");
    await untilEnded(launcher, handle);
    await writeFile(join(made.home, "jobs", spec.id, "process.json"), JSON.stringify({ pid: process.pid, start: "another boot/1", attempt: 1 }));
    expect((await launcher.poll(handle)).state).toBe("lost");
    await launcher.cancel(handle);
    expect(await launcher.poll(handle)).toMatchObject({ state: "cancelled", reason: "its launcher was told to end it" });
  });

  test("a trainer that fills its room fails, and another try may help", async () => {
    const made = await options({ RELEARN_MAX_OUTPUT_BYTES: "100000" });
    const spec = await pythonJob(made.store, `import os; open(os.environ["RELEARN_OUTPUT_DIR"] + "/model.onnx", "wb").write(b"x" * 1000000)`);
    const launcher = localLauncher(made);
    expect(await untilEnded(launcher, await launcher.submit(spec))).toMatchObject({ state: "failed", reason: expect.stringMatching(/no room was left.*100000[\s\S]*File too large/) });
    expect((await readResult(made.store, spec.id))?.retryable).toBe(true);
  });

  test("a disk without room for the inputs is named", async () => {
    const made = await options();
    const limited = join(made.home, "python");
    await writeFile(limited, `#!/bin/sh\nulimit -f 64\nexec ${JSON.stringify(made.python)} "$@"\n`, { mode: 0o755 });
    const spec = await pythonJob(made.store, "pass", { inputs: [await textInput(made.store, "train/a.parquet", "x".repeat(1_000_000))] });
    const launcher = localLauncher({ ...made, python: limited });
    expect(await untilEnded(launcher, await launcher.submit(spec))).toMatchObject({ state: "failed", reason: expect.stringMatching(/no room left for the job's files in .*scratch/) });
  });

  test("a store that answers 503 and cuts replies delays a job and does not lose it", async () => {
    const made = await options();
    const proxy = await startFaultProxy(made.env["RELEARN_S3_ENDPOINT"]!);
    const refused = new Set<string>();
    proxy.fault = ({ method, path }) => {
      const first = !refused.has(method + path);
      refused.add(method + path);
      if (!first) return null;
      return method === "PUT" ? { kind: "cut" } : { kind: "status", status: 503, code: "SlowDown" };
    };
    const spec = await pythonJob(made.store, `import os; open(os.environ["RELEARN_OUTPUT_DIR"] + "/model.onnx", "wb").write(${tinyModel})`);
    const launcher = localLauncher({ ...made, env: { ...made.env, RELEARN_S3_ENDPOINT: proxy.endpoint } });
    expect(await untilEnded(launcher, await launcher.submit(spec))).toMatchObject({ state: "succeeded" });
    expect((await readResult(made.store, spec.id))?.state).toBe("succeeded");
    await proxy.close();
  });

  test("a store that stays down loses the job, and the reason says so", async () => {
    const made = await options({ RELEARN_S3_ENDPOINT: "http://127.0.0.1:1", RELEARN_S3_ATTEMPTS: "2" });
    const spec = await pythonJob(made.store, "pass");
    const launcher = localLauncher(made);
    expect(await untilEnded(launcher, await launcher.submit(spec))).toMatchObject({ state: "lost", reason: expect.stringMatching(/result\.json failed 2 times.*refused/) });
  });

  test("a missing Python is a missing set-up", async () => {
    const made = await options();
    const spec = await pythonJob(made.store, "pass");
    await expect(localLauncher({ ...made, python: "/no/such/python" }).submit(spec)).rejects.toMatchObject({ type: "SetupIncomplete", message: expect.stringMatching(/run the set-up/) });
  });

  test("the wrapper costs well under a second", async () => {
    const made = await options();
    const spec = await pythonJob(made.store, "", { command: ["sh", "-c", `printf '\\010\\011\\072\\000' > "$RELEARN_OUTPUT_DIR/model.onnx"`] });
    const launcher = localLauncher(made);
    const began = performance.now();
    const view = await untilEnded(launcher, await launcher.submit(spec));
    const milliseconds = performance.now() - began;
    console.log(`a stub job took ${milliseconds.toFixed(0)} ms from submit to result`);
    expect(view.state).toBe("succeeded");
    expect(milliseconds).toBeLessThan(3_000);
    expect((await readResult(made.store, spec.id))?.exitCode).toBe(0);
  });
});

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../../schemas/settings.ts";
import { withParent } from "../../schemas/parent-watch.ts";
import type { ServerProcess } from "./bare-server.ts";
import { childEnvironment } from "./temporary-stack.ts";

export interface ServingOptions {
  /** A folder of its own in the stack's home, so that several servers of one bucket can run side by side. */
  readonly name: string;
  readonly model: string;
  /** Public key whose signatures count. */
  readonly trusted: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Given to Node before the program, such as `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
}

const readyMs = 60_000;

/** The serving process itself, as `relearn up` starts it, on this stack's bucket; resolves once the model answers. */
export async function startServing(settings: Settings, { name, model, trusted, env, nodeArguments = [] }: ServingOptions): Promise<ServerProcess> {
  const home = join(settings.home, name);
  await mkdir(home, { recursive: true });
  const child = spawn(process.execPath, [...nodeArguments, join(settings.root, "dist", "serving", "main.js"), withParent], {
    cwd: home, stdio: ["pipe", "pipe", "inherit"],
    env: { ...childEnvironment(settings), ...bucketOf(settings), RELEARN_HOME: home, RELEARN_SERVE_PORT: "0", RELEARN_SERVE_MODELS: model, RELEARN_TRUST_KEYS: trusted, ...env },
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.includes('"listening"')) resolve((JSON.parse(line) as { url: string }).url);
    });
    void ended.then(() => reject(new Error(`the server ${name} ended while it was starting`)));
  });
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  for (const deadline = Date.now() + readyMs; !(await isReady(url, model)); await sleep(20)) {
    if (Date.now() < deadline) continue;
    await close();
    throw new Error(`${model} is not ready on the server ${name} after ${readyMs / 1_000} s`);
  }
  return { url, pid: child.pid!, close };
}

const isReady = (url: string, model: string): Promise<boolean> => fetch(`${url}/v2/models/${model}/ready`).then((reply) => reply.ok, () => false);

/** The stack's bucket, by the environment: its `stack.json` lies in another home. */
function bucketOf({ s3 }: Settings): Record<string, string> {
  const { accessKeyId, secretAccessKey } = s3.credentials as NonNullable<typeof s3.credentials>;
  return { RELEARN_S3_ENDPOINT: s3.endpoint as string, RELEARN_S3_BUCKET: s3.bucket, AWS_REGION: s3.region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}

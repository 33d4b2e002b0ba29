import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { packageRoot } from "../../schemas/child-entry.ts";
import type { GoldenValue } from "../../schemas/golden.ts";

export type PeerName = "fastapi" | "mlflow";
type Environment = PeerName | "evidently";

/** What others would serve the same model with, one row a request, in a process of its own. */
export interface Peer {
  readonly url: string;
  readonly bodies: readonly string[];
  close(): Promise<void>;
}

export interface PeerRequest {
  /** The ONNX file, and a folder for what is made of it. */
  readonly path: string;
  readonly folder: string;
  readonly rows: readonly Readonly<Record<string, GoldenValue>>[];
}

const root = packageRoot(import.meta.dirname);
const at = (file: string): string => join(root, "bench", "peers", file);
const startMs = 120_000;

/** Starts a peer; null where it is not installed as pinned (`npm run bench:peers`). */
export async function startPeer(name: PeerName, { path, folder, rows }: PeerRequest): Promise<Peer | null> {
  const bin = environmentOf(name);
  if (bin === null) return null;
  const port = await freePort();
  if (name === "fastapi") return running(name, `http://127.0.0.1:${port}/predict`, rows.map((row) => JSON.stringify({ instances: [row] })), spawned(join(bin, "python"), [at("serve-fastapi.py"), path, String(port)], folder, bin));
  const saved = join(folder, "mlflow");
  await promisify(execFile)(join(bin, "python"), [at("save-mlflow.py"), path, saved], { cwd: folder, env: environment(bin), timeout: startMs });
  const serve = ["models", "serve", "-m", saved, "--env-manager", "local", "-h", "127.0.0.1", "-p", String(port), "-w", "1"];
  return running(name, `http://127.0.0.1:${port}/invocations`, rows.map((row) => JSON.stringify({ dataframe_records: [row] })), spawned(join(bin, "mlflow"), serve, folder, bin));
}

/** The Python of a peer's environment; null where it is not installed as pinned. */
export function peerPython(name: Environment): string | null {
  const bin = environmentOf(name);
  return bin === null ? null : join(bin, "python");
}

/** As `bench/peers/setup.mjs` names it: by its pins. */
function environmentOf(name: Environment): string | null {
  const pins = createHash("sha256").update(readFileSync(at(`${name}.txt`))).digest("hex").slice(0, 16);
  const folder = join(root, ".cache", "peers", `${name}-${pins}`);
  return existsSync(join(folder, "complete")) ? join(folder, "bin") : null;
}

const environment = (bin: string): Record<string, string> => ({ PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: process.env["HOME"] ?? "", MLFLOW_DISABLE_TELEMETRY: "true", OMP_WAIT_POLICY: "PASSIVE" });

/** In a group of its own, because MLflow starts another. */
const spawned = (program: string, args: readonly string[], cwd: string, bin: string): ChildProcess => spawn(program, args, { cwd, env: environment(bin), detached: true, stdio: ["ignore", "ignore", "pipe"] });

async function running(name: PeerName, url: string, bodies: readonly string[], child: ChildProcess): Promise<Peer> {
  let said = "";
  child.stderr!.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2_000)));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()).once("error", () => resolve()));
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    await ended;
  };
  for (const deadline = Date.now() + startMs; !(await answers(url, bodies[0]!)); await sleep(100)) {
    if (Date.now() < deadline && child.exitCode === null) continue;
    await close();
    throw new Error(`${name} does not answer: ${said}`);
  }
  return { url, bodies, close };
}

const answers = (url: string, body: string): Promise<boolean> => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body }).then((reply) => reply.ok, () => false);

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

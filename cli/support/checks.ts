import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { bareEnvironment } from "../../infra/temporal-server.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { searchAttributes } from "../../schemas/search-attributes.ts";
import { postgresAddress } from "../../schemas/postgres-settings.ts";
import { type Environment, readStack, type Settings } from "../../schemas/settings.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { probeStore } from "../../stores/probe.ts";
import { listReplicas } from "../../stores/replicas.ts";
import { listModels } from "../../stores/runs.ts";
import { ensureSigningKey, fingerprint, publicKeyOf } from "../../stores/signing.ts";
import { inPostgres } from "../../tables/postgres.ts";
import { size } from "./format.ts";
import { answersAt } from "./listening-process.ts";
import { hasPollers } from "./pollers.ts";
import { isLive } from "./server-process.ts";
import { withStore } from "./store.ts";
import { withTemporal } from "./temporal.ts";

export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** What is there; where it is not well, what to do. */
  readonly found: string;
}

interface Check {
  readonly name: string;
  /** Resolves to what was found; throws what is wrong and what to do. */
  readonly look: (settings: Settings, env: Environment) => Promise<string>;
}

const wrong = (message: string): RelearnError => new RelearnError("SetupIncomplete", message);
const leastDisk = 2e9;

export const checks: readonly Check[] = [
  { name: "Node", look: node },
  { name: "compiled", look: compiled },
  { name: "Python", look: (settings) => python(settings, "import sys; assert sys.version_info >= (3, 10), 'it is ' + sys.version.split()[0] + ', and 3.10 is needed'; print(sys.version.split()[0], sys.executable)") },
  { name: "libgomp", look: (settings) => python(settings, "import ctypes, sys; sys.platform == 'linux' and ctypes.CDLL('libgomp.so.1'); print('loads')") },
  { name: "trainer packages", look: (settings) => python(settings, "from importlib.metadata import version as v; print(', '.join(n + ' ' + v(n) for n in ('lightgbm', 'scikit-learn', 'onnx', 'pyarrow', 'numpy')))") },
  { name: "Temporal", look: (settings) => withTemporal(settings, async () => `${settings.temporal.address}, namespace ${settings.temporal.namespace}`) },
  { name: "search attributes", look: attributes },
  { name: "worker", look: worker },
  { name: "server", look: server },
  { name: "gateway", look: gateway },
  { name: "S3", look: (settings) => withStore(settings, async (store) => store.head("head.json").then(() => `${settings.s3.endpoint ?? "AWS"}/${settings.s3.bucket}`)) },
  { name: "bucket race", look: (settings) => withStore(settings, async (store) => probeStore(store).then(() => "of several writers one wins")) },
  { name: "labels' database", look: labelsDatabase },
  { name: "signing key", look: async ({ home }) => `ed25519 ${fingerprint(publicKeyOf(await ensureSigningKey(home)))}` },
  { name: "disk", look: disk },
];

async function node(): Promise<string> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return process.version;
  throw wrong(`${process.version} is too old: install Node 20.19 or newer`);
}

async function compiled({ root }: Settings): Promise<string> {
  const missing = ["dist/cli/main.js", "dist/workers/main.js", "dist/serving/main.js", "dist/workflows-bundle.js"].filter((file) => !existsSync(join(root, file)));
  if (missing.length === 0) return join(root, "dist");
  throw wrong(`${missing.join(", ")} missing in ${root}: run \`npm run setup\``);
}

async function python({ python: { executable, environment }, root }: Settings, program: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(executable, ["-c", program], { timeout: 20_000, env: { ...bareEnvironment(), ...environment } });
    return stdout.trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw wrong(`there is no program ${executable}: run \`npm run setup\` in ${root}, or name another Python in RELEARN_PYTHON`);
    const said = ((error as { stderr?: string }).stderr ?? "").trim().split("\n").at(-1) || (error as Error).message;
    throw wrong(`${executable}: ${said}; run \`npm run setup\` in ${root}, or name another Python in RELEARN_PYTHON`);
  }
}

async function attributes(settings: Settings): Promise<string> {
  const { namespace } = settings.temporal;
  const known = await withTemporal(settings, ({ connection }) => connection.withDeadline(Date.now() + 5_000, () => connection.operatorService.listSearchAttributes({ namespace })));
  const missing = searchAttributes.filter(({ name }) => !(name in (known.customAttributes ?? {})));
  if (missing.length === 0) return searchAttributes.map(({ name }) => name).join(", ");
  throw wrong(`${missing.map(({ name }) => name).join(", ")} not registered: \`relearn up\` does it, or ${missing.map(({ name, type }) => `temporal operator search-attribute create --name ${name} --type ${type === "INT" ? "Int" : "Keyword"}`).join("; ")}`);
}

async function worker(settings: Settings): Promise<string> {
  const polls = await withTemporal(settings, (access) => hasPollers(access, settings.temporal.namespace));
  if (polls) return "polls both task queues";
  throw wrong("no worker asks for work: `relearn up` starts one");
}

/** Servers elsewhere say what they serve in S3, so that a host without one needs none. */
async function server(settings: Settings): Promise<string> {
  const url = readStack(settings.home)?.serving?.url;
  if (url !== undefined && (await isLive(url))) return `answers at ${url}`;
  const alive = await withStore(settings, serversAlive);
  if (alive.length > 0) return `none here; elsewhere: ${alive.slice(0, 5).join(", ")}`;
  throw wrong("no server answers: `relearn up` starts one, or `relearn serve`");
}

/** A pipeline needs none, so that none is no fault; one that was started and does not answer is. */
async function gateway(settings: Settings): Promise<string> {
  const url = readStack(settings.home)?.gateway?.url;
  if (url === undefined) return "none here: alarms from outside need one, `relearn gateway`";
  if (await answersAt(`${url}/healthz`)) return `answers at ${url}`;
  throw wrong(`no gateway answers at ${url}: \`relearn up\` starts it again`);
}

/** Only sources that take their labels from a table need one. */
async function labelsDatabase(_: Settings, env: Environment): Promise<string> {
  const address = postgresAddress(env);
  if (address === null) return "none named: labels from a table need RELEARN_POSTGRES_URL";
  return inPostgres(address, AbortSignal.timeout(15_000), async (client) => {
    const { rows } = await client.query<{ server_version: string }>("show server_version");
    return `${address.shown}, Postgres ${rows[0]?.server_version ?? "of an unknown version"}`;
  });
}

async function serversAlive(store: ObjectStore): Promise<string[]> {
  const found = await inParallel(await listModels(store), 8, (model) => listReplicas(store, model, Date.now()));
  return [...new Set(found.flat().map(({ url }) => url))];
}

async function disk({ home }: Settings): Promise<string> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(home);
  if (bavail * bsize >= leastDisk) return `${size(bavail * bsize)} free at ${home}`;
  throw wrong(`only ${size(bavail * bsize)} free at ${home}: make room for at least ${size(leastDisk)}, or move it with RELEARN_HOME`);
}

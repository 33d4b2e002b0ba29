import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ensureWorker } from "../../cli/support/worker-process.ts";
import { logFile, stopOwned } from "../../infra/owned-processes.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { environmentOf, loadSettings, type Settings } from "../../schemas/settings.ts";
import { connectTemporal, openStores } from "../../workers/connect.ts";
import { relearn } from "../cli/harness.ts";
import { day, landFiles, makeDefinition } from "../faults/supervisor.ts";
import { testSettings } from "../support/settings.ts";

/** A secret that was never anywhere else: wherever its text is found, it leaked. */
const canary = (): string => `canary${randomBytes(20).toString("hex")}`;
const given = { TEMPORAL_API_KEY: canary(), DATABASE_PASSWORD: canary(), RELEARN_CANARY: canary(), TEMPORAL_CANARY: canary(), AWS_CANARY: canary(), OMP_CANARY: canary() };
/** SeaweedFS refuses a session token, so it is seeded where no more than a refusal is expected. */
const sessionToken = canary();
/** Of a receiver of notices: what it is signed with, and a token in its address, as chats give them. */
const notices = { secret: `whsec_${randomBytes(32).toString("base64")}`, path: canary() };
/** Told by environment variables, and printed by a trainer that is given no more than it needs. */
const leaky = "echo the trainer of $RELEARN_RUN_ID was given:; env";

let settings: Settings;
let env: Record<string, string>;
let secrets: Record<string, string>;
/** All that any command printed. */
let printed = "";

const say = async (...args: string[]) => {
  const said = await relearn(env, ...args);
  printed += said.out + said.err;
  return said;
};

function define(name: string, command: string): string {
  const folder = join(settings.home, "..", `${settings.home.split("/").at(-1)}-data`);
  landFiles(folder);
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(makeDefinition(name, folder, ["sh", "-c", command])));
  return file;
}

const latest = async (pipeline: string): Promise<RunRecord> => (await say("runs", pipeline, "--json")).json<RunRecord[]>()[0]!;

beforeAll(async () => {
  const base = await testSettings("secrets");
  const { PATH = "", HOME = "" } = process.env;
  env = { PATH, HOME, ...environmentOf(base), ...given, TEMPORAL_TLS: "false", AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
  settings = loadSettings(env);
  env["RELEARN_NOTICES"] = `${settings.home}-notices.json`;
  writeFileSync(env["RELEARN_NOTICES"], JSON.stringify([{ name: "chat", url: `http://127.0.0.1:1/${notices.path}`, secret: notices.secret }]));
  await ensureWorker(settings, env, AbortSignal.timeout(60_000), "with-this-process");
  // Another test's worker may poll the same queue and be taken for this one, which makes its key before it polls.
  const key = await vi.waitFor(() => readFileSync(join(settings.home, "keys", "signing.pem"), "utf8"), { timeout: 30_000, interval: 100 });
  secrets = { ...given, AWS_SESSION_TOKEN: sessionToken, AWS_SECRET_ACCESS_KEY: base.s3.credentials!.secretAccessKey, "signing key": key.split("\n")[1]!, "notice's secret": notices.secret.slice(6), "notice's address": notices.path };
}, 90_000);

afterAll(async () => {
  await stopOwned(settings.home);
  for (const folder of [settings.home, `${settings.home}-data`, `${settings.home}-notices.json`]) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}, 60_000);

/** Names of the secrets that a text or some bytes hold, also where they stand in base64. */
function found(bytes: Uint8Array | string): string[] {
  const text = Buffer.from(bytes).toString("latin1");
  return Object.entries(secrets).flatMap(([name, secret]) => (text.includes(secret) || text.includes(Buffer.from(secret).toString("base64").replace(/=+$/, "").slice(0, -2)) ? [name] : []));
}

/** Every text and every run of bytes in a value. */
function* leaves(value: unknown): Generator<string | Uint8Array> {
  if (typeof value === "string" || value instanceof Uint8Array) yield value;
  else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) yield* leaves(inner);
}

describe("a secret of the worker's environment", () => {
  it("is used by a whole run, and by one whose trainer prints its environment and fails", async () => {
    const good = await say("run", define("open-hearted", `${leaky}; exec python -m relearn_trainers.linear`), "--as-of", `${day(8)}T01:00:00Z`, "--by", "ann");
    expect(good, good.err).toMatchObject({ exitCode: 4 });
    const { run, question } = await latest("open-hearted");
    expect(await say("approve", run, "--digest", question!.digest, "--by", "bob")).toMatchObject({ exitCode: 0 });
    expect(await say("watch", run, "--wait")).toMatchObject({ exitCode: 0 });
    expect(await say("run", define("broken-hearted", `${leaky} >&2; env; exit 3`), "--as-of", `${day(8)}T01:00:00Z`, "--by", "ann")).toMatchObject({ exitCode: 1 });
    expect((await latest("broken-hearted")).reason).toContain("exit code 3");
    for (const args of [["show", "open-hearted@champion"], ["history", "open-hearted"], ["verify", "open-hearted"], ["doctor"], ["version"], ["watch", "broken-hearted"], ["runs", "--json"]]) await say(...args);
  }, 120_000);

  it("is told to nobody by a command that cannot use it", async () => {
    const wrong = { ...env, AWS_SECRET_ACCESS_KEY: `${secrets["AWS_SECRET_ACCESS_KEY"]}x`, RELEARN_DEBUG: "1" };
    const unlike = { ...env, RELEARN_S3_ENDPOINT: `http://me:${secrets["DATABASE_PASSWORD"]}@127.0.0.1:9`, TEMPORAL_UI_URL: `http://me:${secrets["DATABASE_PASSWORD"]}@127.0.0.1:9` };
    for (const other of [wrong, unlike, { ...env, AWS_SESSION_TOKEN: sessionToken }]) {
      const said = await relearn(other, "models");
      expect(said.exitCode).not.toBe(0);
      printed += said.out + said.err;
    }
    const refused = { ...env, RELEARN_HOME: join(settings.home, "refused"), AWS_SESSION_TOKEN: sessionToken };
    await expect(ensureWorker(loadSettings(refused), refused, AbortSignal.timeout(60_000), "with-this-process").catch((error: Error) => {
      printed += error.message;
      throw error;
    })).rejects.toMatchObject({ type: "SetupIncomplete" });
  });

  it("stands in nothing that any command printed", () => {
    expect(printed).toContain("exit code 3");
    expect(found(printed)).toEqual([]);
  });

  it("stands in no workflow's history", async () => {
    const { client, close } = await connectTemporal(settings);
    const histories: string[] = [];
    for await (const { workflowId, runId } of client.workflow.list()) {
      if (!workflowId.includes("-hearted/")) continue;
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      for (const leaf of leaves(history)) expect(found(leaf), workflowId).toEqual([]);
      histories.push(workflowId);
    }
    await close();
    expect(histories.length).toBeGreaterThanOrEqual(5);
    expect(histories.filter((id) => id.includes("/notices/")).length).toBeGreaterThanOrEqual(2);
  });

  it("stands in no object of the store, and the trainers' logs lie there", async () => {
    const stores = openStores(settings);
    const logs: string[] = [];
    for await (const { key } of stores.store.list("")) {
      const { body } = (await stores.store.get(key))!;
      expect(found(key) && found(body), key).toEqual([]);
      if (key.endsWith("log.txt")) logs.push(Buffer.from(body).toString());
    }
    stores.close();
    expect(logs).toHaveLength(2);
    for (const log of logs) {
      expect(log).toMatch(/the trainer of \w+-hearted\/run\/\w+ was given:\n/);
      expect(log).not.toMatch(/^(AWS|TEMPORAL)_/m);
    }
  });

  it("stands in no log and no file of the worker's home but the key's own", () => {
    const files = readdirSync(settings.home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files).toContain(logFile(settings.home, "worker"));
    const holders = files.filter((file) => found(readFileSync(file)).length > 0);
    expect(holders.map((file) => relative(settings.home, file))).toEqual(["keys/signing.pem"]);
  });
});

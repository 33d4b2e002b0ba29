import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCli } from "../../cli/program.ts";
import { signalLine } from "../../cli/support/approval-text.ts";
import { commandWords, typeable } from "../../cli/support/typeable.ts";
import { makeBucket } from "../../infra/object-server.ts";
import { findProgram } from "../../infra/programs.ts";
import { stopStack } from "../../infra/local-stack.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { loadSettings } from "../../schemas/settings.ts";
import { listRuns } from "../../stores/runs.ts";
import { openStores, type Stores } from "../../workers/connect.ts";
import { keptFresh } from "./kept-fresh.ts";
import { landMonths, toStore } from "./land.ts";
import { type Stopped, stopSignals } from "./stop-signals.ts";

const began = Date.now();
const flags = new Set(process.argv.slice(2));
/** Somebody sits here: only they answer. */
const asks = process.stdin.isTTY === true && process.stdout.isTTY === true && !flags.has("--yes");
const { signal, surroundings } = stopSignals();
const words = commandWords(process.env["PATH"] ?? "");
const say = (text = ""): void => void process.stdout.write(`${typeable(text, words)}\n`);
const chapter = (title: string): void => say(`\n── ${title} ${"─".repeat(Math.max(0, 76 - title.length))}\n`);
/** The run under way, as it stood when it was last looked at. */
let current: RunRecord | null = null;

/** From real months of data to an approved model, twice, as its users would do it: every command it runs is printed first. */
async function demo(): Promise<void> {
  const { home } = loadSettings(process.env);
  await setAside(home);
  chapter("Temporal, S3 and a worker on this machine");
  await relearn("up", "--detach");
  const settings = loadSettings(process.env);
  const stores = openStores(settings);
  try {
    await makeBucket(settings.s3, "landing");
    chapter("January and February land in S3; the schedule's time comes: 1 March, 03:00 in New York");
    await land(stores, ["2013-01", "2013-02"]);
    await relearn("schedule", "create", join(settings.root, "examples", "flights", "pipeline.ts"));
    await runAsOf(stores, "2013-03-01");
    chapter("March has landed: 1 April, a challenger against the champion on the same recent days");
    await land(stores, ["2013-03"]);
    await runAsOf(stores, "2013-04-01");
    chapter("What the registry remembers");
    await relearn("history", "flights");
    await relearn("verify", "flights");
    chapter("Was it worth it? April, which neither model has seen");
    await land(stores, ["2013-04"]);
    say(await keptFresh(settings, stores));
  } finally {
    stores.close();
  }
}

/** The demo starts empty, and throws nothing away. */
async function setAside(home: string): Promise<void> {
  const names = existsSync(home) ? readdirSync(home).filter((name) => !name.startsWith("before-")) : [];
  if (names.length === 0) return;
  await stopStack({ home });
  const before = join(home, `before-${new Date().toISOString().replaceAll(":", "-").slice(0, 19)}`);
  mkdirSync(before, { recursive: true });
  for (const name of names) if (existsSync(join(home, name))) renameSync(join(home, name), join(before, name));
  say(`Earlier state was moved to ${before}`);
}

/** Exit code 4 says that a run waits for its approval, which is no failure here. */
async function relearn(...args: string[]): Promise<void> {
  signal.throwIfAborted();
  say(`$ relearn ${args.join(" ")}`);
  const exitCode = await runCli(args, surroundings);
  signal.throwIfAborted();
  if (exitCode !== 0 && exitCode !== 4) throw new RelearnError("Usage", `relearn ${args.join(" ")} ended with exit code ${exitCode}`);
}

async function land(stores: Stores, months: readonly string[]): Promise<void> {
  for (const { key, rows } of await landMonths({ months, target: toStore(stores.openBucket("landing")), signal })) say(`landed s3://landing/${key}  ${rows.toLocaleString("en")} rows`);
}

/** The schedule's nominal time comes, the run goes to its question, the question is answered, the version is promoted. */
async function runAsOf(stores: Stores, day: string): Promise<void> {
  await relearn("schedule", "backfill", "flights", "--from", day, "--to", `${day}T12:00:00Z`, "--yes");
  current = await newestRun(stores, day);
  const { run } = current;
  say(asks ? "\nThe run will ask for an approval: answer from another terminal, with one of the lines it shows. Ctrl-C ends the demo with nothing approved.\n" : "");
  try {
    await relearn("watch", run, asks ? "--wait" : "--no-wait");
  } finally {
    current = await newestRun(stores, day);
  }
  if (current.state === "waiting" && !asks) {
    await approve(current);
    await relearn("watch", run, "--wait");
    current = await newestRun(stores, day);
  }
  if (current.state !== "promoted") throw new RelearnError("NotApproved", `${run} ended ${current.state}${current.reason === null ? "" : `: ${current.reason}`}`);
}

async function newestRun(stores: Stores, day: string): Promise<RunRecord> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(200)) {
    for await (const record of listRuns(stores.store, "flights")) if (record.asOf.startsWith(day)) return record;
    signal.throwIfAborted();
  }
  throw new RelearnError("NotFound", `no run of flights as of ${day} came within 30 s: look at \`relearn runs\` and at Temporal UI`);
}

/** Nobody sits here: the printed line is run as it stands, by the Temporal CLI alone. */
async function approve(record: RunRecord): Promise<void> {
  signal.throwIfAborted();
  const settings = loadSettings(process.env);
  const line = signalLine(record, settings.temporal, "demo");
  say(`\nNobody is asked here, so the printed line answers:\n$ ${line}`);
  const folder = dirname(findProgram("temporal", settings.root));
  const child = spawn("sh", ["-c", line], { stdio: "inherit", env: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` } });
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve));
  signal.throwIfAborted();
  if (code !== 0) throw new RelearnError("TemporalUnavailable", `the temporal line ended with exit code ${code}`);
  say();
}

/** What to type once the demo is over. */
const comeBack = (): string => (current === null || current.endedAt !== null ? "relearn models" : `relearn watch ${current.run}`);

/** How the run stands that a stopped demo leaves behind. */
function leftBehind(): string {
  if (current === null || current.endedAt !== null) return "No run was under way.";
  const { run, state, stage } = current;
  return state === "waiting" ? `${run} waits for its approval: nothing was approved.` : `${run} has come to ${stage}, and will go on from there once its servers run again.`;
}

const keep = flags.has("--keep");
let stopped: Stopped | null = null;
try {
  await demo();
  say(`\nThe whole demo took ${((Date.now() - began) / 1000).toFixed(0)} s.`);
  if (keep) say("Temporal, S3 and the worker go on. Look around: `relearn models`, `relearn show flights@champion`; stop them with `relearn down`.");
} catch (error) {
  stopped = signal.aborted ? (signal.reason as Stopped) : null;
  say(stopped === null ? `\nThe demo failed: ${(error as Error).message}` : `\nThe demo was ${stopped.message}. ${leftBehind()}`);
  process.exitCode = 1;
} finally {
  if (keep && stopped !== null) say(`Temporal, S3 and the worker go on. Come back with \`${comeBack()}\`; stop them with \`relearn down\`.`);
  if (!keep) {
    await stopStack(loadSettings(process.env), { onProgress: say });
    say(`Everything it started was stopped. \`relearn up --detach\` brings it back with all it holds; then try \`${comeBack()}\`.`);
  }
}
stopped?.end();

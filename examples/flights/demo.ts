import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCli } from "../../cli/program.ts";
import { signalLine } from "../../cli/support/approval-text.ts";
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

const began = Date.now();
const flags = new Set(process.argv.slice(2));
const asks = process.stdin.isTTY === true && process.stdout.isTTY === true && !flags.has("--yes");
const say = (text = ""): void => void process.stdout.write(`${text}\n`);
const chapter = (title: string): void => say(`\n── ${title} ${"─".repeat(Math.max(0, 76 - title.length))}\n`);

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
  say(`$ relearn ${args.join(" ")}`);
  const exitCode = await runCli(args, process);
  if (exitCode !== 0 && exitCode !== 4) throw new RelearnError("Usage", `relearn ${args.join(" ")} ended with exit code ${exitCode}`);
}

async function land(stores: Stores, months: readonly string[]): Promise<void> {
  for (const { key, rows } of await landMonths({ months, target: toStore(stores.openBucket("landing")) })) say(`landed s3://landing/${key}  ${rows.toLocaleString("en")} rows`);
}

/** The schedule's nominal time comes, the run goes to its question, the question is answered, the version is promoted. */
async function runAsOf(stores: Stores, day: string): Promise<void> {
  await relearn("schedule", "backfill", "flights", "--from", day, "--to", `${day}T12:00:00Z`, "--yes");
  const { run } = await newestRun(stores, day);
  say();
  await relearn("watch", run, ...(asks ? ["--wait"] : []));
  const record = await newestRun(stores, day);
  if (record.state === "waiting") {
    await approve(record);
    await relearn("watch", run, "--wait");
  }
  const { state, reason } = await newestRun(stores, day);
  if (state !== "promoted") throw new RelearnError("NotApproved", `${run} ended ${state}${reason === null ? "" : `: ${reason}`}`);
}

async function newestRun(stores: Stores, day: string): Promise<RunRecord> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(200)) {
    for await (const record of listRuns(stores.store, "flights")) if (record.asOf.startsWith(day)) return record;
  }
  throw new RelearnError("NotFound", `no run of flights as of ${day} came within 30 s: look at \`relearn runs\` and at Temporal UI`);
}

/** Nobody sits here: the printed line is run as it stands, by the Temporal CLI alone. */
async function approve(record: RunRecord): Promise<void> {
  const settings = loadSettings(process.env);
  const line = signalLine(record, settings.temporal, "demo");
  say(`\nNobody is asked here, so the printed line answers:\n$ ${line}`);
  const folder = dirname(findProgram("temporal", settings.root));
  const child = spawn("sh", ["-c", line], { stdio: "inherit", env: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` } });
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve));
  if (code !== 0) throw new RelearnError("TemporalUnavailable", `the temporal line ended with exit code ${code}`);
  say();
}

const keep = flags.has("--keep");
try {
  await demo();
  say(`\nThe whole demo took ${((Date.now() - began) / 1000).toFixed(0)} s.`);
  if (keep) say("Temporal, S3 and the worker go on. Look around: npx relearn models, npx relearn show flights@champion; stop them with npx relearn down.");
} catch (error) {
  say(`\nThe demo stopped: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  if (!keep) {
    await stopStack(loadSettings(process.env));
    say("Everything it started was stopped; `npx relearn up` brings it back with all it holds.");
  }
}

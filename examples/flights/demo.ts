import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { makeBucket } from "../../infra/object-server.ts";
import { stopStack } from "../../infra/local-stack.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { loadSettings } from "../../schemas/settings.ts";
import { loadTrustKeys } from "../../schemas/trust-keys.ts";
import { connectTemporal, openStores } from "../../workers/connect.ts";
import { openDependencies } from "../../workers/open-dependencies.ts";
import { type DemoRuns, openRuns } from "./demo-runs.ts";
import { goStale } from "./go-stale.ts";
import { keptFresh } from "./kept-fresh.ts";
import { landMonths, toStore } from "./land.ts";
import { serveOn } from "./serve-on.ts";
import { openStage } from "./stage.ts";
import { type Stopped, stopSignals } from "./stop-signals.ts";
import { toldUntil } from "./told-until.ts";

const began = Date.now();
const flags = new Set(process.argv.slice(2));
/** Somebody sits here: only they answer. */
const asks = process.stdin.isTTY === true && process.stdout.isTTY === true && !flags.has("--yes");
const { signal, surroundings } = stopSignals();
const stage = openStage(signal, surroundings);
const { say, chapter, relearn } = stage;
let runs: DemoRuns | null = null;

/** From real months of data to a version that serves, goes stale, and is replaced, as its users would see it: every command it runs is printed first. */
async function demo(): Promise<void> {
  const { home } = loadSettings(process.env);
  await setAside(home);
  chapter("Temporal, S3, a worker and a server on this machine");
  await relearn("up", "--detach");
  const settings = loadSettings(process.env);
  const stores = openStores(settings);
  const { client, close } = await connectTemporal(settings);
  const land = async (...months: readonly number[]): Promise<void> => {
    const files = await landMonths({ months: months.map((month) => `2013-${String(month).padStart(2, "0")}`), target: toStore(stores.openBucket("landing")), signal });
    for (const { key, rows } of files) say(`landed s3://landing/${key}  ${rows.toLocaleString("en")} rows`);
  };
  try {
    const deps = await openDependencies(settings, stores, client.workflow, loadTrustKeys(process.env));
    runs = openRuns(stage, stores.store, settings.temporal, asks);
    await makeBucket(settings.s3, "landing");
    chapter("January and February land in S3; the schedule's time comes: 1 March, 03:00 in New York");
    await land(1, 2);
    await relearn("schedule", "create", join(settings.root, "examples", "flights", "pipeline.ts"));
    await runs.asOf("2013-03-01");
    chapter("March as it happened: version 1 answers flight by flight, labels come back, and the windows watch");
    await land(3);
    const parts = { stage, settings, deps, runs, land: (month: number) => land(month) };
    const stale = await goStale(parts, 1, { first: 3, from: "2013-03-01T05:00:00Z", to: "2013-04-01T12:00:00Z" });
    chapter("It has gone stale: an alarm has started a run");
    await relearn("alarms", "show", stale.alarm.id.slice(0, 12));
    say("One run is enough for this demo, so what else alarms starts none:");
    await relearn("retraining", "pause", "flights");
    await serveOn(parts, stale);
    chapter("What the windows say of what was served and labelled: before, and after");
    say("the log goes to the bucket, and its windows are told of ...\n");
    await toldUntil(parts, 2, "2013-04-07T04:00:00Z");
    await relearn("monitor", "status", "flights");
    chapter("What the registry remembers");
    await relearn("rollout", "status", "flights");
    await relearn("history", "flights");
    await relearn("verify", "flights");
    chapter("Was it worth it? April, which neither model has seen");
    say(await keptFresh(deps));
  } finally {
    await close();
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

const underWay = (): RunRecord | null => (runs?.current?.endedAt === null ? runs.current : null);

/** What to type once the demo is over. */
const comeBack = (): string => (underWay() === null ? "relearn models" : `relearn watch ${underWay()!.run}`);

/** How the run stands that a stopped demo leaves behind. */
function leftBehind(): string {
  const current = underWay();
  if (current === null) return "No run was under way.";
  const { run, state, stage } = current;
  return state === "waiting" ? `${run} waits for its approval: nothing was approved.` : `${run} has come to ${stage}, and will go on from there once its servers run again.`;
}

const keep = flags.has("--keep");
let stopped: Stopped | null = null;
try {
  await demo();
  say(`\nThe whole demo took ${((Date.now() - began) / 1000).toFixed(0)} s.`);
  if (keep) say("Temporal, S3, the worker and the server go on. Look around: `relearn models`, `relearn show flights@champion`; stop them with `relearn down`.");
} catch (error) {
  stopped = signal.aborted ? (signal.reason as Stopped) : null;
  say(stopped === null ? `\nThe demo failed: ${(error as Error).message}` : `\nThe demo was ${stopped.message}. ${leftBehind()}`);
  process.exitCode = 1;
} finally {
  if (keep && stopped !== null) say(`Temporal, S3, the worker and the server go on. Come back with \`${comeBack()}\`; stop them with \`relearn down\`.`);
  if (!keep) {
    await stopStack(loadSettings(process.env), { onProgress: say });
    say(`Everything it started was stopped. \`relearn up --detach\` brings it back with all it holds; then try \`${comeBack()}\`.`);
  }
}
stopped?.end();

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DefinitionInput, definition } from "../../schemas/definition.ts";
import { environmentOf, type Settings } from "../../schemas/settings.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { listRuns } from "../../stores/runs.ts";
import { connectTemporal, openStores } from "../../workers/connect.ts";

/** One pipeline that must reach its promotion, however often its worker is killed on the way. */
export interface Case {
  readonly name: string;
  readonly settings: Settings;
  readonly store: ObjectStore;
  readonly folder: string;
  /** Points that were passed, in order. */
  passed(): string[];
  /** How often the trainer was started. */
  trainings(): number;
}

export interface Parts {
  readonly settings: Settings;
  readonly bundle: string;
  readonly workerEntry: string;
  /** `<command> <args>` of the case's trainer. */
  readonly trainer: readonly string[];
}

export const day = (n: number): string => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10);
const days = 8;
const rowsADay = 120;
/** One life takes some 70 s alone on two cores; beside the other tests, on a busy machine, more than 180 s have been seen. */
const longestMs = 400_000;

/** Rows that any linear model learns: late when far and raining, with a little chance that is the same every time. */
export function landFiles(folder: string): void {
  mkdirSync(join(folder, "landing"), { recursive: true });
  for (let n = 0; n < days; n++) {
    const rows = Array.from({ length: rowsADay }, (_, i) => {
      const far = ((i * 37 + n * 11) % 100) / 10;
      const rain = (i * 7 + n) % 3 === 0;
      const late = far + (rain ? 3 : 0) + ((i * 13 + n * 5) % 10) / 3 > 7.5;
      return `${n}-${i},${day(n)}T${String(8 + (i % 12)).padStart(2, "0")}:00:00Z,${far},${rain ? "rain" : "dry"},${late}`;
    });
    writeFileSync(join(folder, "landing", `${day(n)}.csv`), `id,at,far,weather,late\n${rows.join("\n")}\n`);
  }
}

export function makeDefinition(name: string, folder: string, trainer: readonly string[]): DefinitionInput {
  return {
    name, sources: { rides: { format: "csv", uri: join(folder, "landing", "{yyyy}-{MM}-{dd}.csv"), time: "at", key: "id" } },
    columns: { far: { type: "number", min: 0 }, weather: { type: "category" } }, label: { column: "late", task: "binary" },
    windows: { train: "all", atLeast: "P3D", holdout: "P3D" }, trainer: { command: [...trainer], workdir: folder },
    gates: [{ kind: "atLeast", metric: "auc", value: 0.6 }], approval: { within: "PT1H" },
  };
}

/** Runs one pipeline from its trigger to its end, its worker dying at each of `deaths` in turn, in the order they come. */
export async function carryThrough(parts: Parts, deaths: readonly string[]): Promise<{ readonly done: Case; readonly died: readonly string[] }> {
  const name = `fault-${randomUUID().slice(0, 8)}`;
  const folder = mkdtempSync(join(tmpdir(), "relearn-fault-"));
  landFiles(folder);
  const stores = openStores(parts.settings);
  const log = join(folder, "points.log");
  const settings = { ...parts.settings, home: join(folder, "home") };
  const one: Case = {
    name, folder, settings, store: stores.store,
    passed: () => linesOf(log),
    trainings: () => linesOf(join(folder, "trainings.log")).length,
  };
  const queue = `queue-${name}`;
  const stop = new AbortController();
  const answering = trigger(one, parts, queue).then(() => answerUntilEnd(one, stop.signal));
  const died: string[] = [];
  const left = [...deaths];
  const began = Date.now();
  const start = (): ChildProcess => startWorker(parts, settings, queue, log, left[0] ?? "-");
  let worker = start();
  try {
    for (let ended = false; !ended; ) {
      const exit = onceExited(worker);
      const outcome = await Promise.race([answering.then(() => "ended" as const), exit]);
      ended = outcome === "ended";
      if (ended || outcome === "ended") break;
      if (outcome.signal !== "SIGKILL" || left[0] === undefined) throw new Error(`the worker of ${name} ended by itself (${outcome.code ?? outcome.signal}):\n${readFileSync(join(folder, "worker.log"), "utf8").slice(-3_000)}`);
      if (process.env["RELEARN_DEBUG"]) console.error(`${((Date.now() - began) / 1_000).toFixed(1)} s ${name} died ${left[0]}`);
      died.push(left.shift() as string);
      worker = start();
    }
    return { done: one, died };
  } finally {
    stop.abort();
    worker.kill("SIGKILL");
    await answering.catch(() => undefined);
  }
}

export function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((line) => line !== "") : [];
}

/** Its standard input is held open by this process and by nobody else: when the test run is killed, the worker hears of it. */
export function startWorker(parts: Pick<Parts, "workerEntry" | "bundle">, settings: Settings, queue: string, log: string, point: string): ChildProcess {
  const { PATH, HOME, TMPDIR } = process.env;
  const output = join(log, "..", "worker.log");
  const child = spawn("sh", ["-c", `exec "$0" "$@" >> '${output}' 2>&1`, process.execPath, parts.workerEntry, queue, parts.bundle, log, point], {
    stdio: ["pipe", "ignore", "ignore"], env: { PATH, HOME, TMPDIR, ...environmentOf(settings), AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
  });
  return child;
}

export function onceExited(child: ChildProcess): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
}

async function trigger({ name, settings, store, folder }: Case, { trainer }: Parts, taskQueue: string): Promise<void> {
  const { client, close } = await connectTemporal(settings);
  const ref = await putJsonBlob(store, definition.parse(makeDefinition(name, folder, trainer)));
  const cause = { kind: "person", key: "only", by: "test" } as const;
  await client.workflow.signalWithStart("retraining", {
    workflowId: `${name}/retraining`, taskQueue, workflowTaskTimeout: "2s", args: [{ pipeline: name }],
    signal: "trigger", signalArgs: [{ pipeline: name, asOf: `${day(days)}T01:00:00Z`, definition: ref, cause }],
  });
  await close();
}

/** Says yes to every question the run asks; a killed evaluation may lead to another evaluation, and that to another question. */
async function answerUntilEnd({ name, settings, store }: Case, signal: AbortSignal): Promise<void> {
  const { client, close } = await connectTemporal(settings);
  const answered = new Set<string>();
  try {
    for (const end = Date.now() + longestMs; !signal.aborted; await sleep(100)) {
      if (Date.now() > end) throw new Error(`${name} did not end within ${longestMs / 1_000} s`);
      const record = await newest(store, name);
      if (record?.endedAt != null) return;
      const digest = record?.state === "waiting" ? record.question?.digest : undefined;
      if (record === null || digest === undefined || answered.has(digest)) continue;
      await client.workflow.getHandle(record.run).signal("approve", { by: "test", digest });
      answered.add(digest);
    }
  } finally {
    await close();
  }
}

export async function newest(store: ObjectStore, pipeline: string) {
  for await (const record of listRuns(store, pipeline)) return record;
  return null;
}

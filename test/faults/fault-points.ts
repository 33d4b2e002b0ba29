import { appendFileSync } from "node:fs";
import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import type { WorkflowClient } from "@temporalio/client";
import type { Dependencies } from "../../activities/dependencies.ts";
import type { Launcher } from "../../launchers/launcher.ts";
import type { ObjectStore } from "../../stores/object-store.ts";

export interface FaultPlan {
  /** Where every point that was passed is written, one name a line. */
  readonly log: string;
  /** The point at which the process kills itself, the first time it passes it; null to learn. */
  readonly dieAt: string | null;
}

type Call = (...args: never[]) => unknown;

/** Names a key without what differs from run to run: digests, ids, numbers, names of pipelines. */
export function shapeOf(key: string): string {
  return key.replaceAll(/fault-[a-z0-9]+/g, "P").replaceAll(/[0-9a-f]{12,64}/g, "*").replaceAll(/\d{15}-\*/g, "*").replaceAll(/\d{4,}/g, "#");
}

/** A blob is named by what it is, since its digest may differ from run to run: a JSON document by its first members, else by its format. */
function blobKind(body: Uint8Array | undefined): string {
  const text = body === undefined ? "" : new TextDecoder().decode(body.subarray(0, 4));
  if (text === "PAR1") return "parquet";
  if (body === undefined || !text.startsWith("{")) return "bytes";
  return Object.keys(JSON.parse(new TextDecoder().decode(body)) as object).slice(0, 3).join(" ");
}

const putName = (verb: string, key: string, body?: Uint8Array): string => (key.startsWith("blobs/") ? `${verb} blob ${blobKind(body)}` : `${verb} ${shapeOf(key)}`);

/** Every side effect of a worker passes two points, before and after it. A point passed in the plan ends the process with SIGKILL. */
export function faultPoints({ log, dieAt }: FaultPlan) {
  const pass = (point: string): void => {
    appendFileSync(log, `${point}\n`);
    if (point === dieAt) process.kill(process.pid, "SIGKILL");
  };
  const around = <F extends Call>(name: (...args: Parameters<F>) => string, call: F): F =>
    (async (...args: Parameters<F>) => {
      const point = name(...args);
      pass(`before ${point}`);
      const result = await call(...args);
      pass(`after ${point}`);
      return result;
    }) as unknown as F;
  return { pass, around };
}

type Around = ReturnType<typeof faultPoints>["around"];

function faultyStore(store: ObjectStore, around: Around): ObjectStore {
  return { ...store, put: around((key: string, body: Uint8Array) => putName("put", key, body), store.put as never), upload: around((key: string) => putName("upload", key), store.upload as never) };
}

function faultyLauncher(launcher: Launcher, around: Around): Launcher {
  return { ...launcher, submit: around(() => "launcher submit", launcher.submit as never) };
}

function faultyWorkflows(workflows: WorkflowClient, around: Around): WorkflowClient {
  const named = new Set(["start", "signalWithStart", "executeUpdateWithStart"]);
  return new Proxy(workflows, {
    get(target, property, receiver) {
      const value = Reflect.get(target, property, receiver) as unknown;
      if (typeof value !== "function") return value;
      const bound = value.bind(target) as Call;
      return named.has(String(property)) ? around((what: string) => `temporal ${String(property)} ${what}`, bound as never) : bound;
    },
  });
}

/** Ports whose every side effect is a fault point; starts of processes are points too. */
export function withFaults(deps: Dependencies, plan: FaultPlan): Dependencies {
  const { around, pass } = faultPoints(plan);
  watchSpawns(pass);
  return {
    ...deps,
    store: faultyStore(deps.store, around),
    openBucket: (bucket) => faultyStore(deps.openBucket(bucket), around),
    launchers: Object.fromEntries(Object.entries(deps.launchers).map(([name, launcher]) => [name, faultyLauncher(launcher, around)])),
    workflows: faultyWorkflows(deps.workflows, around),
  };
}

function watchSpawns(pass: (point: string) => void): void {
  for (const name of ["spawn", "fork"] as const) {
    const original = childProcess[name] as (...args: unknown[]) => unknown;
    (childProcess as Record<string, unknown>)[name] = (command: string, ...rest: unknown[]) => {
      const title = `${name} ${shapeOf(String(command).split("/").at(-1) ?? "").replace(/-\*.*$/, "")}`;
      pass(`before ${title}`);
      const child = original(command, ...rest);
      pass(`after ${title}`);
      return child;
    };
  }
  syncBuiltinESMExports();
}

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readJson } from "../schemas/boundary.ts";
import { RelearnError } from "../schemas/failures.ts";
import { readStack, stackFile, type Settings } from "../schemas/settings.ts";
import type { Stack } from "../schemas/stack.ts";
import { freePorts } from "./free-ports.ts";
import { readIfThere, writePrivately } from "./home-file.ts";
import { adminGrpcDistance, checkObjectHome, ensureLocalCredentials, objectPorts, objectRequest, readyObjects, removeSockets } from "./object-server.ts";
import { findOwned, isOurs, isRunning, listOwned, logFile, logTail, startOwned, stopOwned, type OwnedProcess, type StartRequest } from "./owned-processes.ts";
import { findProgram } from "./programs.ts";
import { withLock } from "./setup/lock.mjs";
import { readyTemporal, temporalPorts, temporalRequest } from "./temporal-server.ts";

export interface StackOptions {
  /** One line for people, at each change. */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** For each server: how long it may take to answer. */
  readonly timeoutMs?: number;
}

export interface StopOptions {
  /** Leaves what other commands have started. */
  readonly onlyOurs?: boolean;
  /** One line for people, before each wait. */
  readonly onProgress?: (line: string) => void;
  /** How long each process may take to end in peace. */
  readonly graceMs?: number;
}

export interface RunningStack {
  readonly stack: Stack;
  /** As `loadSettings` would read them now: addresses and credentials filled in. */
  readonly settings: Settings;
}

const portNames = [...temporalPorts, ...objectPorts, "serving", "gateway"] as const;
type Ports = Readonly<Record<(typeof portNames)[number], number>>;
const portsFile = (home: string): string => join(home, "ports.json");
const portList = z.partialRecord(z.enum(portNames), z.int());
const startTries = 3;

/**
 * Brings up what the environment does not already name: Temporal's dev server and SeaweedFS, both on 127.0.0.1, on ports found free
 * (the last ones, where they still are). Returns when each answers a real request, and writes `<home>/stack.json`. Servers of this
 * home that already run are kept, so calling it again costs a few requests.
 * @throws RelearnError `SetupIncomplete`, `TemporalUnavailable`, `StoreUnavailable`, `StoreRefused`
 */
export async function startStack(settings: Settings, options: StackOptions = {}): Promise<RunningStack> {
  if (settings.s3.from === "local") checkObjectHome(settings.home);
  mkdirSync(settings.home, { recursive: true, mode: 0o700 });
  const wait = (pid: number): void => options.onProgress?.(`waiting for process ${pid}, which is starting the same stack`);
  return withLock(join(settings.home, "stack.lock"), () => bringUp(settings, options), wait);
}

/**
 * Ends every process that was started in this home, and only those. Servers named in the environment are left alone.
 * @returns names of what was running
 */
export async function stopStack(settings: Pick<Settings, "home">, options: StopOptions = {}): Promise<readonly string[]> {
  if (readIfThere(join(settings.home, "processes.json")) === null) return [];
  return withLock(join(settings.home, "stack.lock"), async () => {
    const servers = ["temporal", "s3"];
    const ending = listOwned(settings.home).filter((owned) => options.onlyOurs !== true || isOurs(owned)).map(({ name }) => name);
    // Workers end in peace only while their servers still answer.
    const stop = async (names: readonly string[]): Promise<readonly string[]> => {
      const running = names.filter((name) => findOwned(settings.home, name) !== null);
      if (running.length > 0) options.onProgress?.(`stopping ${running.join(", ")} ...`);
      return stopOwned(settings.home, { ...options, names });
    };
    const stopped = [...(await stop(ending.filter((name) => !servers.includes(name)))), ...(await stop(ending.filter((name) => servers.includes(name))))];
    noteStopped(settings.home);
    if (findOwned(settings.home, "s3") === null) removeSockets(readPorts(settings.home) ?? {});
    return stopped;
  });
}

/** What still runs, of another command's, is still to be found. */
function noteStopped(home: string): void {
  const stack = readStack(home);
  if (stack === null || !listOwned(home).some(isRunning)) return rmSync(stackFile(home), { force: true });
  const { serving, gateway, ...servers } = stack;
  writeStack(home, { ...servers, ...answering(home) });
}

async function bringUp(settings: Settings, options: StackOptions): Promise<RunningStack> {
  const [temporal, s3] = await settleBoth(bringUpTemporal(settings, options), bringUpObjects(settings, options));
  const { serving, gateway } = answering(settings.home);
  const stack: Stack = {
    version: 1,
    temporal: { address: temporal.address!, ui: temporal.ui, namespace: temporal.namespace },
    s3: { endpoint: s3.endpoint, bucket: s3.bucket, region: s3.region },
    ...(serving === undefined ? {} : { serving }),
    ...(gateway === undefined ? {} : { gateway }),
  };
  writeStack(settings.home, stack);
  return { stack, settings: Object.freeze({ ...settings, temporal, s3 }) };
}

type Listening = Partial<Pick<Stack, "serving" | "gateway">>;

/** What of the last stack still runs beside its servers. */
function answering(home: string): Listening {
  const known = readStack(home);
  const runs = (name: string): boolean => findOwned(home, name) !== null;
  return { ...(known?.serving && runs("server") && { serving: known.serving }), ...(known?.gateway && runs("gateway") && { gateway: known.gateway }) };
}

const writeStack = (home: string, stack: Stack): void => writePrivately(stackFile(home), `${JSON.stringify(stack, null, 2)}\n`);

/** Writes down where the server, or the gateway, of this home answers. */
export async function noteServing(home: string, listening: Listening): Promise<void> {
  await withLock(join(home, "stack.lock"), async () => {
    const stack = readStack(home);
    if (stack !== null) writeStack(home, { ...stack, ...listening });
  });
}

/** A free port for the server, or the gateway, of this home: the last one, where it still is. */
export async function choosePort(home: string, name: "serving" | "gateway"): Promise<number> {
  const chosen = await freePorts([name], { [name]: readPorts(home)?.[name] });
  writePrivately(portsFile(home), `${JSON.stringify({ ...readPorts(home), ...chosen }, null, 2)}\n`);
  return chosen[name];
}

/** Both ends are waited for, so that no server is still being started when an error is told. */
export async function settleBoth<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

async function bringUpTemporal(settings: Settings, options: StackOptions): Promise<Settings["temporal"]> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  if (settings.temporal.from === "environment") {
    await readyTemporal(settings, { timeoutMs: Math.min(timeoutMs, 15_000), signal: options.signal });
    return settings.temporal;
  }
  const namespace = settings.temporal.namespace;
  const program = (): string => findProgram("temporal", settings.root);
  return ensureServer(settings.home, "temporal", options, (ports) => temporalRequest(program(), settings.home, namespace, ports), async (ports, died) => {
    const temporal = { ...settings.temporal, address: `127.0.0.1:${ports.temporal}`, ui: `http://127.0.0.1:${ports.temporalUi}` };
    await readyTemporal({ temporal }, { timeoutMs, signal: options.signal, died });
    return temporal;
  });
}

async function bringUpObjects(settings: Settings, options: StackOptions): Promise<Settings["s3"]> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  if (settings.s3.from === "environment") {
    await readyObjects(settings.s3, { timeoutMs: Math.min(timeoutMs, 15_000), signal: options.signal });
    return settings.s3;
  }
  const credentials = ensureLocalCredentials(settings.home);
  return ensureServer(settings.home, "s3", options, (ports) => objectRequest(findProgram("weed", settings.root), settings.home, credentials, ports), async (ports, died) => {
    const s3 = { ...settings.s3, endpoint: `http://127.0.0.1:${ports.s3}`, credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey } };
    await readyObjects(s3, { timeoutMs, signal: options.signal, died });
    return s3;
  });
}

type Ready<T> = (ports: Ports, died: () => void) => Promise<T>;

/** Keeps a server that runs; else starts it, on other ports when somebody was quicker to take one. */
async function ensureServer<T>(home: string, name: "temporal" | "s3", options: StackOptions, request: (ports: Ports) => StartRequest, ready: Ready<T>): Promise<T> {
  const running = findOwned(home, name);
  const known = readPorts(home);
  if (running !== null && known !== null) {
    const kept = await keep(running, () => ready(known, watch(home, running)));
    if (kept !== null) options.onProgress?.(`${name} was already running`);
    if (kept !== null) return kept;
  }
  return startFresh(home, name, options, request, ready, known ?? {}, startTries);
}

/** Null when the server ended while it was asked: then there is nothing to keep. */
async function keep<T>(running: OwnedProcess, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (isRunning(running)) throw error;
    return null;
  }
}

async function startFresh<T>(home: string, name: "temporal" | "s3", options: StackOptions, request: (ports: Ports) => StartRequest, ready: Ready<T>, preferred: Partial<Ports>, triesLeft: number): Promise<T> {
  const began = Date.now();
  const ports = await choosePorts(home, name, preferred);
  const owned = await startOwned(home, request(ports));
  try {
    const result = await ready(ports, watch(home, owned));
    options.onProgress?.(`${name} answers after ${((Date.now() - began) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    const taken = /address already in use|bind:/i.test(logTail(home, name, 40));
    await stopOwned(home, { names: [name], graceMs: 2_000 });
    if (!taken || triesLeft <= 1 || options.signal?.aborted) throw error;
    options.onProgress?.(`${name}: a port was taken meanwhile, trying others`);
    return startFresh(home, name, options, request, ready, {}, triesLeft - 1);
  }
}

/** Throws as soon as the process has ended: waiting for it any longer would be in vain. */
function watch(home: string, owned: OwnedProcess): () => void {
  return () => {
    if (isRunning(owned)) return;
    throw new RelearnError("SetupIncomplete", `${owned.name} ended while it was starting; the end of ${logFile(home, owned.name)}:\n${logTail(home, owned.name)}`);
  };
}

function readPorts(home: string): Ports | null {
  const text = readIfThere(portsFile(home));
  return text === null ? null : (readJson(portList, text, portsFile(home)) as Ports);
}

async function choosePorts(home: string, name: "temporal" | "s3", preferred: Partial<Ports>): Promise<Ports> {
  const names = name === "temporal" ? temporalPorts : objectPorts;
  const chosen = await freePorts<string>(names, preferred as Record<string, number>, { s3Admin: adminGrpcDistance });
  const all = { ...readPorts(home), ...chosen } as Ports;
  writePrivately(portsFile(home), `${JSON.stringify(all, null, 2)}\n`);
  return all;
}

export { readStack };

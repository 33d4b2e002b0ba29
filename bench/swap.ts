import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../schemas/settings.ts";
import { blobKey, putJsonBlob } from "../stores/blobs.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { openRegistry } from "../stores/registry.ts";
import { listReplicas } from "../stores/replicas.ts";
import { ensureSigningKey, publicKeyOf } from "../stores/signing.ts";
import { openStores } from "../workers/connect.ts";
import type { ServerProcess } from "./support/bare-server.ts";
import { bench, type Bench } from "./support/bench.ts";
import { quantile } from "./support/figure.ts";
import { columns } from "./support/flights-model.ts";
import { actor, publish, type Published, type Served } from "./support/publish.ts";
import { residentMemory } from "./support/resident-memory.ts";
import { type ServedFlights, servedFlights, trees } from "./support/served-flights.ts";
import { startServing } from "./support/serving-process.ts";
import { startSteadyClient, type SteadyClient, type SteadySeen } from "./support/steady-client.ts";
import { withStack } from "./support/temporary-stack.ts";

const model = "flights";
const replicas = 2;
const rounds = 5;
/** Of the champion, in all; fewer say less. */
const swaps = Number(process.env["RELEARN_BENCH_SWAPS"] ?? 200);
const rollbacks = 2;
const ratePerSecond = 200;
const corruptEvery = 10;
/** Twice before the first round; the second time shows the memory that the others are held against. */
const warmUpSwaps = Math.ceil(swaps / 20);
/** A server that neither loads nor retires: itself, what ships its log, the champion and the version before it. */
const settledProcesses = 4;
const [stallMs, grownMiB, promotedMs, rolledBackMs] = [100, 70, 2_000, 1_000];

interface Place extends Bench {
  readonly store: ObjectStore;
  readonly client: SteadyClient;
  readonly servers: readonly ServerProcess[];
  /** Registers and approves a version of its own. @param corrupt its bytes, or its golden predictions, are not what was judged */
  next(corrupt: "bytes" | "golden" | null): Promise<Published>;
}

/** What one round of swaps showed. Times in milliseconds. */
interface Round {
  readonly seen: SteadySeen;
  readonly promoted: readonly number[];
  readonly rolledBack: readonly number[];
  readonly corrupt: number;
  /** Of each server with its children. */
  readonly residentBytes: readonly number[];
}

await bench("swap", (here) => withStack(async (settings) => {
  const folder = await mkdtemp(join(tmpdir(), "relearn-bench-"));
  const open: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    here.say(`trains ${trees} trees ...`);
    const place = await start(here, settings, await servedFlights(folder), folder, open);
    const taken: Round[] = [];
    // A server takes its time to reach the memory that it stays at.
    await swapAll(place, warmUpSwaps);
    for (let i = 0; i <= rounds; i++) {
      const times = i === 0 ? warmUpSwaps : swaps / rounds;
      here.say(`swaps the champion ${times} times, round ${i} of ${rounds} ...`);
      taken.push(await swapAll(place, times));
    }
    await place.client.stop();
    reportAll(place, taken);
  } finally {
    for (const close of open.reverse()) await close();
  }
}));

async function start(here: Bench, settings: Settings, flights: ServedFlights, folder: string, open: (() => unknown)[]): Promise<Place> {
  const key = await ensureSigningKey(settings.home);
  const { store, close } = openStores(settings);
  open.push(close);
  const { bytes, outputs, bodies } = flights;
  const served: Served = { inputs: columns, outputs, golden: await putJsonBlob(store, flights.golden) };
  const wrong = await putJsonBlob(store, { ...flights.golden, scores: flights.golden.scores.map((row) => [...row].reverse()) });
  const path = join(folder, "candidate.onnx");
  const next: Place["next"] = async (corrupt) => {
    await writeFile(path, named(bytes, randomUUID()));
    const published = await publish(store, model, path, key, corrupt === "golden" ? { ...served, golden: wrong } : served);
    if (corrupt === "bytes") await store.put(blobKey(published.file.sha256), new Uint8Array(published.file.bytes));
    return published;
  };
  const client = startSteadyClient(replicas);
  open.push(client.close);
  const first = await next(null);
  const place = client.champion(first.file.sha256);
  await first.promote();
  const servers: ServerProcess[] = [];
  for (let i = 0; i < replicas; i++) {
    const server = await startServing(settings, { name: `replica-${i}`, model, trusted: publicKeyOf(key) });
    open.push(server.close);
    servers.push(server);
  }
  client.start({ urls: servers.map(({ url }) => `${url}/v1/models/${model}:predict`), bodies, rate: ratePerSecond });
  await client.answered(place);
  await client.take();
  return { ...here, store, client, servers, next };
}

/** The same model in other bytes: a field of ONNX's ModelProto that only people read (`doc_string`, 6) is written last, which counts. */
function named(model: Uint8Array, name: string): Uint8Array {
  return Buffer.concat([model, Buffer.from([6 * 8 + 2, name.length]), Buffer.from(name)]);
}

async function swapAll(place: Place, times: number): Promise<Round> {
  const [promoted, rolledBack] = [[] as number[], [] as number[]];
  let corrupt = 0;
  for (let i = 1; i <= times; i++) {
    if (i % corruptEvery !== 0) promoted.push(await promote(place));
    else await promoteCorrupt(place, corrupt++ % 2 === 0 ? "bytes" : "golden");
  }
  for (let i = 0; i < rollbacks; i++) rolledBack.push(await rollBack(place));
  const residentBytes = await settledMemory(place.servers);
  return { seen: await place.client.take(), promoted, rolledBack, corrupt, residentBytes };
}

/** @returns milliseconds from the asking to the last server's first new answer. */
async function promote({ client, next }: Place): Promise<number> {
  const version = await next(null);
  const place = client.champion(version.file.sha256);
  const began = performance.timeOrigin + performance.now();
  await version.promote();
  return Math.max(...(await client.answered(place))) - began;
}

/** Waits until every server says that it could not load it; they go on answering with what they have. */
async function promoteCorrupt({ next, store, say }: Place, corrupt: "bytes" | "golden"): Promise<void> {
  const version = await next(corrupt);
  await version.promote();
  for (const deadline = Date.now() + 60_000; ; await sleep(50)) {
    const seen = await listReplicas(store, model, Date.now());
    if (seen.length >= replicas && seen.every(({ failed }) => failed.some(({ v }) => v === version.v))) return;
    if (Date.now() > deadline) return say(`version ${version.v}, whose ${corrupt} are not what was judged, was not said to have failed on all servers within a minute`);
  }
}

/** From a champion that has just answered to the one before it. */
async function rollBack(place: Place): Promise<number> {
  const { client, store } = place;
  const registry = openRegistry(store, model);
  await promote(place);
  const previous = (await registry.champion())!;
  await promote(place);
  const back = client.champion(previous.model.sha256);
  const began = performance.timeOrigin + performance.now();
  await registry.rollback({ txn: `rollback/${randomUUID()}`, actor, reason: "measured", v: previous.v });
  const took = Math.max(...(await client.answered(back))) - began;
  return took;
}

/** Waits until every server has settled. @returns the least that each took in some looks from then on; NaN where that was never seen */
async function settledMemory(servers: readonly ServerProcess[]): Promise<readonly number[]> {
  const least = servers.map(() => Number.NaN);
  const deadline = Date.now() + 20_000;
  for (let looks = 0; looks < 10 && Date.now() < deadline; await sleep(100)) {
    const found = servers.map(({ pid }) => residentMemory(pid));
    if (!found.every((one) => one?.processes === settledProcesses)) continue;
    for (const [i, one] of found.entries()) least[i] = Math.min(least[i] || Infinity, one!.bytes);
    looks++;
  }
  return least;
}

function reportAll({ report, say }: Bench, [first, ...taken]: readonly Round[]): void {
  const corrupt = taken.reduce((sum, round) => sum + round.corrupt, 0);
  const requests = taken.reduce((sum, { seen }) => sum + seen.times.length, 0);
  const failed = taken.flatMap(({ seen }) => seen.failed);
  const wrong = taken.flatMap(({ seen }) => seen.wrong);
  const late = Math.max(...taken.map(({ seen }) => seen.lateMs));
  const grown = taken.map(({ residentBytes }) => Math.max(...residentBytes.map((bytes, i) => (bytes - first!.residentBytes[i]!) / 2 ** 20)));
  const middle = (times: readonly number[]): number => quantile([...times].sort((a, b) => a - b), 0.5);
  const notes = [`${swaps} swaps, ${corrupt} to a corrupt version, at ${ratePerSecond} requests a second to ${replicas} servers: ${requests} answers; a round is ${swaps / rounds} swaps`];
  report({ figure: "requests that failed", unit: "", samples: taken.map(({ seen }) => seen.failed.length), target: "none", met: ({ max }) => max === 0, notes: [...notes, ...failed.slice(0, 3)] });
  report({ figure: "answers of a version that was no champion, or was replaced there already", unit: "", samples: taken.map(({ seen }) => seen.wrong.length), target: "none", met: ({ max }) => max === 0, notes: [...notes, ...wrong.slice(0, 3)] });
  report({
    figure: "longest that an answer took, a round", unit: "ms", samples: taken.map(({ seen }) => Math.max(...seen.times)), target: `under ${stallMs} ms`, met: ({ max }) => max < stallMs,
    notes: [...notes, `p50 ${middle(taken.flatMap(({ seen }) => seen.times)).toFixed(2)} ms; requests were sent at most ${late.toFixed(0)} ms after they were due, which is what this machine took from the client`],
  });
  if (!grown.every(Number.isFinite)) say("the servers were not seen settled in each round, or this system has no /proc: their memory was not measured");
  else report({
    figure: "growth of a server's memory, its children's too, since a tenth of as many swaps", unit: "MiB", samples: grown, target: `at most ${grownMiB} MiB for all swaps`, met: ({ max }) => max <= grownMiB,
    notes: [...notes, `in the order of the rounds: ${grown.map((size) => size.toFixed(1)).join(", ")} MiB beyond ${first!.residentBytes.map((bytes) => (bytes / 2 ** 20).toFixed(0)).join(" and ")} MiB; of the server that grew most, at each round's end`],
  });
  report({ figure: "from promote to the last server's first new answer", unit: "ms", samples: taken.flatMap(({ promoted }) => promoted), target: `under ${promotedMs} ms`, met: ({ median }) => median < promotedMs, notes });
  report({ figure: "from rollback to the last server's first answer of the version before", unit: "ms", samples: taken.flatMap(({ rolledBack }) => rolledBack), target: `under ${rolledBackMs} ms`, met: ({ median }) => median < rolledBackMs, notes });
}

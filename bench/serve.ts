import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inputOf } from "../inference/signature.ts";
import type { Settings } from "../schemas/settings.ts";
import { putJsonBlob } from "../stores/blobs.ts";
import { ensureSigningKey, publicKeyOf } from "../stores/signing.ts";
import { openStores } from "../workers/connect.ts";
import { startBareServer } from "./support/bare-server.ts";
import { bench, type Bench } from "./support/bench.ts";
import { quantile } from "./support/figure.ts";
import { columns } from "./support/flights-model.ts";
import { type Load, startLoad } from "./support/load.ts";
import { type PeerName, startPeer } from "./support/peers.ts";
import { publish } from "./support/publish.ts";
import { type ServedFlights, servedFlights, trees } from "./support/served-flights.ts";
import { startServing } from "./support/serving-process.ts";
import { startSteadyClient } from "./support/steady-client.ts";
import { withStack } from "./support/temporary-stack.ts";

const model = "flights";
const rounds = 5;
/** Of one measurement; a shorter one says less. */
const seconds = Number(process.env["RELEARN_BENCH_SECONDS"] ?? 2);
const connections = [1, 16, 64] as const;
/** Least share of the bare server's requests a second, at so many connections. */
const shares = { 1: 0.4, 16: 1.4, 64: 1.8 } as const;
/** Least of a peer's; at one connection nobody's server is the limit, so it is held against them at more. */
const peers: Readonly<Record<PeerName, { readonly title: string; readonly least: number }>> = { fastapi: { title: "FastAPI and onnxruntime", least: 6 }, mlflow: { title: "MLflow's scoring server", least: 15 } };
const ratePerSecond = 1_000;
const p99Ms = 10;
/** Least share of what a server answers without a log. */
const logged = 0.9;

/** A server under load: what it answered a second, by connections, a number a round; and how many requests failed. */
interface Target {
  readonly name: string;
  readonly url: string;
  readonly bodies: readonly string[];
  readonly answered: Map<number, number[]>;
  failed: number;
}

await bench("serve", (here) => withStack(async (settings) => {
  const folder = await mkdtemp(join(tmpdir(), "relearn-bench-"));
  const open: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    here.say(`trains ${trees} trees ...`);
    const flights = await servedFlights(folder);
    const targets = await startAll(settings, flights, folder, open, here);
    const load = startLoad();
    open.push(load.close);
    here.say(`sends load, ${rounds + 1} rounds ...`);
    for (let round = 0; round <= rounds; round++) await loadAll(load, inTurn([...targets.values()], round), round > 0);
    reportThroughput(here, targets);
    await reportSteady(here, targets.get("logging")!);
  } finally {
    for (const close of open.reverse()) await close();
  }
}));

async function startAll(settings: Settings, flights: ServedFlights, folder: string, open: (() => unknown)[], { say }: Bench): Promise<Map<string, Target>> {
  const targets = new Map<string, Target>();
  const add = (name: string, url: string, bodies: readonly string[], close: () => unknown): void => {
    open.push(close);
    targets.set(name, { name, url, bodies, answered: new Map(connections.map((count) => [count, []])), failed: 0 });
  };
  const trusted = await publishFlights(settings, flights);
  for (const [name, kept] of [["logging", "true"], ["not logging", "false"]] as const) {
    const server = await startServing(settings, { name: `${kept}-${randomUUID().slice(0, 8)}`, model, trusted, env: { RELEARN_LOG_PREDICTIONS: kept } });
    add(name, `${server.url}/v1/models/${model}:predict`, flights.bodies, server.close);
  }
  const bare = await startBareServer(flights.path, columns.map(inputOf));
  add("bare", bare.url, flights.bodies, bare.close);
  for (const name of Object.keys(peers) as PeerName[]) {
    const peer = await startPeer(name, { path: flights.path, folder, rows: flights.rows });
    if (peer === null) say(`${peers[name].title}: not installed, so nothing is held against it; \`npm run bench:peers\` installs it`);
    else add(name, peer.url, peer.bodies, peer.close);
  }
  return targets;
}

/** @returns the key whose signature the servers are to trust. */
async function publishFlights(settings: Settings, { path, golden, outputs }: ServedFlights): Promise<string> {
  const key = await ensureSigningKey(settings.home);
  const { store, close } = openStores(settings);
  try {
    const { promote } = await publish(store, model, path, key, { inputs: columns, outputs, golden: await putJsonBlob(store, golden) });
    await promote();
  } finally {
    close();
  }
  return publicKeyOf(key);
}

/** There and back again, so that nobody always comes first. */
function inTurn(targets: readonly Target[], round: number): readonly Target[] {
  return round % 2 === 0 ? targets : [...targets].reverse();
}

/** All see the same machine: one after the other at each number of connections. */
async function loadAll(load: Load, targets: readonly Target[], counts: boolean): Promise<void> {
  for (const count of connections) {
    for (const target of targets) {
      const { perSecond, failed } = await load.run({ url: target.url, bodies: target.bodies, connections: count, seconds });
      target.failed += failed;
      if (counts) target.answered.get(count)!.push(perSecond);
    }
  }
}

function reportThroughput({ report }: Bench, targets: ReadonlyMap<string, Target>): void {
  const ours = targets.get("logging")!;
  const against = (name: string, title: string, count: number, figure: string, least: number, how: string): void => {
    const other = targets.get(name);
    if (other === undefined) return;
    const failed = ours.failed + other.failed;
    report({
      figure: `${figure}, ${count} connection${count === 1 ? "" : "s"}`, unit: "requests/s", samples: ours.answered.get(count)!, limit: { name: title, samples: other.answered.get(count)! },
      target: `at least ${how}, and no request failed`, met: ({ ratio }) => (ratio ?? 0) >= least && failed === 0,
      notes: [`${columns.length} columns, ${trees} trees, one row a request, ${seconds} s a run, ${failed} requests failed`],
    });
  };
  for (const count of connections) against("bare", "node:http and the session in one process", count, "one-row predictions over HTTP", shares[count], `${shares[count]}x the limit`);
  for (const [name, { title, least }] of Object.entries(peers)) for (const count of connections.slice(1)) against(name, title, count, `beside ${title}`, least, `${least}x it`);
  for (const count of connections.slice(1)) against("not logging", "the same without a prediction log", count, "with a prediction log", logged, `${logged}x it`);
}

/** Callers who do not wait for each other: what a request takes while there is room. */
async function reportSteady({ report, say }: Bench, { url, bodies }: Target): Promise<void> {
  say(`sends ${ratePerSecond} requests a second ...`);
  const client = startSteadyClient(1);
  const [p99s, all, failed, late] = [[] as number[], [] as number[], [] as string[], [] as number[]];
  try {
    for (let round = 0; round <= rounds; round++) {
      client.start({ urls: [url], bodies, rate: ratePerSecond });
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
      const seen = await client.stop();
      failed.push(...seen.failed);
      if (round === 0) continue;
      const sorted = [...seen.times].sort((a, b) => a - b);
      p99s.push(quantile(sorted, 0.99));
      all.push(quantile(sorted, 0.5));
      late.push(seen.lateMs);
    }
  } finally {
    client.close();
  }
  report({
    figure: `p99 at ${ratePerSecond} requests a second`, unit: "ms", samples: p99s, target: `under ${p99Ms} ms, and no request failed`, met: ({ median }) => median < p99Ms && failed.length === 0,
    notes: [`p50 ${quantile(all.sort((a, b) => a - b), 0.5).toFixed(2)} ms; ${failed.length} requests failed${failed.length > 0 ? ` (${failed[0]})` : ""}; sent when due, at most ${Math.max(...late).toFixed(0)} ms late`],
  });
}

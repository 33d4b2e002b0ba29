import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openCommitLog } from "../stores/commit-log.ts";
import { entryKey, headKey } from "../stores/log-entries.ts";
import { openRegistry } from "../stores/registry.ts";
import { connectS3, type S3Connection } from "../stores/s3-object-store.ts";
import type { Settings } from "../schemas/settings.ts";
import { bareS3, type BareS3 } from "./support/bare-s3.ts";
import { bench, type Bench } from "./support/bench.ts";
import { quantile, spreadOf } from "./support/figure.ts";
import { publishAndPromote } from "./support/publish.ts";
import { sampleCommit, sampleTime, writeSampleLog } from "./support/sample-log.ts";
import { withStack } from "./support/temporary-stack.ts";
import { paired, timed } from "./support/timing.ts";
import { watchedStore } from "./support/watched-store.ts";

const model = "long-lived";
const commits = 10_000;
const mebibytes = 5;
const nameOf = (key: string): string => (key.startsWith("blobs/") ? "blob" : key.split("/").slice(2).join("/").replace(/0{10,}/, ""));

interface Place extends Bench {
  readonly settings: Settings;
  readonly store: S3Connection;
  readonly bare: BareS3;
}

await bench("registry", (report) => withStack(async (settings) => {
  const place = { ...report, settings, store: connect(settings), bare: bareS3(settings) };
  try {
    await place.bare.put("warm-up", randomBytes(1024));
    place.say(`writes a log of ${commits} commits ...`);
    await writeSampleLog(place.store, model, commits);
    await resolveChampion(place);
    await coldReader(place, "a cold reader learns the champion", (log) => log.tip());
    await coldReader(place, "a cold reader learns what served at a time", (log, round) => log.at(sampleTime(1 + ((round * 7_919) % commits))));
    await commit(place);
    await publish(place);
  } finally {
    place.store.close();
    place.bare.close();
  }
}));

function connect({ s3 }: Settings): S3Connection {
  return connectS3({ bucket: s3.bucket, endpoint: s3.endpoint, region: s3.region, credentials: { ...(s3.credentials as NonNullable<typeof s3.credentials>) } });
}

/** A process that asks again and again, as a server does. Each run is the middle of 100 questions. */
async function resolveChampion({ report, store, bare }: Place): Promise<void> {
  const registry = openRegistry(store, model);
  const middle = async (ask: () => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < 100; i++) times.push(await timed(ask));
    return spreadOf(times).median;
  };
  const taken = await paired(9, () => middle(() => registry.champion()), () => middle(() => bare.get(headKey(model))));
  report({
    figure: "resolve a champion, p50 of 100", unit: "ms", samples: taken.figure, limit: { name: "a bare GET, p50 of 100", samples: taken.limit },
    target: "p50 under 5 ms", met: ({ median }) => median < 5, notes: [`a log of ${commits} commits`],
  });
}

/** A new connection and a new reader each time; beside it a new connection that makes as many bare GETs, one after the other. */
async function coldReader({ report, settings }: Place, figure: string, ask: (log: ReturnType<typeof openCommitLog>, round: number) => Promise<unknown>): Promise<void> {
  let steps = 0;
  const cold = async (round: number): Promise<number> => {
    const connection = connect(settings);
    const watched = watchedStore(connection);
    const spent = await timed(() => ask(openCommitLog(watched.store, model), round));
    steps = Math.max(steps, watched.reads());
    connection.close();
    return spent;
  };
  const bareReads = async (round: number): Promise<number> => {
    const bare = bareS3(settings);
    const spent = await timed(async () => {
      for (let i = 0; i < steps; i++) await bare.get(entryKey(model, 1 + ((round * 101 + i * 997) % commits)));
    });
    bare.close();
    return spent;
  };
  const taken = await paired(31, cold, bareReads);
  report({
    figure, unit: "ms", samples: taken.figure, limit: { name: `a bare GET for each of its ${steps} reads`, samples: taken.limit },
    target: "p50 under 50 ms plus one read per step", met: ({ median, limit }) => median < 50 + (limit?.median ?? 0), notes: [`a log of ${commits} commits, a fresh connection each time`],
  });
}

/** Each commit beside a put of as many bytes under the same condition, right after it. Each run is the 99th percentile of 200. */
async function commit({ report, store, bare }: Place): Promise<void> {
  const log = openCommitLog(store, model);
  const [beyond, whole, puts] = [[] as number[], [] as number[], [] as number[]];
  const p99 = (times: readonly number[]): number => quantile([...times].sort((a, b) => a - b), 0.99);
  const body = randomBytes(1_200);
  for (let round = 0; round < 6; round++) {
    const [mine, theirs] = [[] as number[], [] as number[]];
    for (let i = 0; i < 200; i++) {
      mine.push(await timed(() => log.append(sampleCommit(`commit/${round}/${i}`))));
      theirs.push(await timed(() => bare.put(`limit/commit/${round}/${i}`, body, true)));
    }
    if (round === 0) continue;
    beyond.push(p99(mine.map((time, i) => time - (theirs[i] as number))));
    whole.push(p99(mine));
    puts.push(p99(theirs));
  }
  report({
    figure: "a commit beyond its put, p99 of 200 pairs", unit: "ms", samples: beyond, limit: { name: "the put, p99 of 200", samples: puts },
    target: "p99 under 20 ms beyond the put", met: ({ median }) => median < 20, notes: [`the whole commit's p99: ${spreadOf(whole).median.toFixed(1)} ms; it reads for a newer entry, puts the entry and puts the head`],
  });
}

/** A model's file becomes a blob, is registered, approved and promoted; the limit makes the same puts, in the same order, and nothing else. */
async function publish({ report, settings, store, bare }: Place): Promise<void> {
  const key = generateKeyPairSync("ed25519").privateKey;
  const path = join(settings.home, "model.onnx");
  const watched = watchedStore(store);
  const product = async (): Promise<number> => {
    await writeFile(path, randomBytes(mebibytes * 2 ** 20));
    watched.written.length = 0;
    return timed(() => publishAndPromote(watched.store, "published", path, key));
  };
  const puts = async (round: number): Promise<number> => {
    const same = await Promise.all(watched.written.map(async ({ key, body, createOnly }) => ({ key: `limit/${round}/${key}`, body: await body(), createOnly })));
    return timed(async () => {
      for (const { key, body, createOnly } of same) await bare.put(key, body, createOnly);
    });
  };
  const taken = await paired(11, product, puts);
  report({
    figure: `publish and promote a model of ${mebibytes} MiB`, unit: "ms", samples: taken.figure, limit: { name: `its ${watched.written.length} puts alone, one after the other`, samples: taken.limit },
    target: "under 1.5x its own puts", met: ({ ratio }) => (ratio ?? Infinity) < 1.5,
    notes: [`its puts: ${watched.written.map(({ key }) => nameOf(key)).join(", ")}`],
  });
}


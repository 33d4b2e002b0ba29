import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureServer } from "../../cli/support/server-process.ts";
import { stopOwned } from "../../infra/owned-processes.ts";
import { blobKey } from "../../stores/blobs.ts";
import { openRegistry } from "../../stores/registry.ts";
import { listReplicas } from "../../stores/replicas.ts";
import { ensureSigningKey } from "../../stores/signing.ts";
import { openStores } from "../../workers/connect.ts";
import { residentBytes } from "../support/resident-bytes.ts";
import { testSettings } from "../support/settings.ts";
import { approveVersion, identityModel, promoteVersion, registerVersion } from "./publish-version.ts";

export interface HotSwapPlan {
  readonly swaps: number;
  /** Requests a second, sent whether or not those before were answered. */
  readonly rate: number;
  /** One candidate in so many has other bytes than were judged. */
  readonly corruptEvery: number;
  /** Milliseconds since 1970 after which no further swap begins. */
  readonly until: number;
}

export interface HotSwaps {
  readonly swaps: number;
  readonly corrupt: number;
  readonly requests: number;
  /** Requests that got no answer, or an error, each in a line. */
  readonly failed: readonly string[];
  /** Answers of a version that does not exist so, that was never good, or older than one that had answered before the request was sent. */
  readonly wrong: readonly string[];
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Of the serving process, from the tenth of the swaps to the end. */
  readonly grownBytes: number;
  readonly residentBytes: number;
}

const model = "rides";

/** Swaps the champion of a server in a process of its own again and again while a client asks at a steady rate, and holds every answer against the log. */
export async function hotSwaps({ swaps, rate, corruptEvery, until }: HotSwapPlan): Promise<HotSwaps> {
  const settings = await testSettings("swaps");
  const key = await ensureSigningKey(settings.home);
  const { store, close } = openStores(settings);
  const registry = openRegistry(store, model);
  const good = new Map<number, string>();
  const publish = async (name: string, corrupt: boolean): Promise<number> => {
    const v = await registerVersion(store, model, identityModel(name), key, name);
    await approveVersion(registry, v);
    const { model: file } = (await registry.version(v))!;
    if (corrupt) await store.put(blobKey(file.sha256), new Uint8Array(file.bytes));
    else good.set(v, file.sha256);
    await promoteVersion(registry, v);
    return v;
  };
  try {
    await publish("first", false);
    const server = await ensureServer(settings, { PATH: process.env["PATH"] }, AbortSignal.timeout(60_000), "with-this-process");
    const traffic = startTraffic(server.url, rate, good);
    const answered = async (v: number): Promise<void> => {
      while (traffic.newest() < v) await sleep(5);
    };
    const failedToLoad = async (v: number): Promise<void> => {
      while (!(await listReplicas(store, model, Date.now())).some(({ failed }) => failed.some((one) => one.v === v))) await sleep(50);
    };
    await answered(1);
    let [done, corrupt, before] = [0, 0, 0];
    for (; done < swaps && Date.now() < until; done++) {
      const isCorrupt = done % corruptEvery === corruptEvery - 1;
      const v = await publish(`swap ${done}`, isCorrupt);
      await (isCorrupt ? failedToLoad(v) : answered(v));
      corrupt += isCorrupt ? 1 : 0;
      if (done === Math.floor(swaps / 10)) before = residentBytes(server.pid);
    }
    const grown = residentBytes(server.pid) - before;
    return { swaps: done, corrupt, grownBytes: grown, residentBytes: grown + before, ...(await traffic.end()) };
  } finally {
    await stopOwned(settings.home, { names: ["server"] });
    close();
  }
}

function startTraffic(url: string, rate: number, good: ReadonlyMap<number, string>) {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  const [failed, wrong, times]: [string[], string[], number[]] = [[], [], []];
  const underWay = new Set<Promise<void>>();
  let newest = 0;
  let requests = 0;
  const one = async (): Promise<void> => {
    const [began, atLeast] = [performance.now(), newest];
    const { status, text } = await ask(`${url}/v1/models/${model}:predict`, agent);
    times.push(performance.now() - began);
    if (status !== 200) return void (atLeast > 0 && failed.push(`${status} ${text.slice(0, 200)}`));
    const { model_version: version, digest, predictions } = JSON.parse(text) as { model_version: string; digest: string; predictions: { value: number }[] };
    const v = Number(version);
    if (good.get(v) !== digest || v < atLeast || predictions[0]?.value !== 7) wrong.push(`version ${version} (${digest.slice(0, 12)}) after version ${atLeast} had answered: ${text.slice(0, 200)}`);
    newest = Math.max(newest, v);
  };
  const began = performance.now();
  const timer = setInterval(() => {
    for (; requests < ((performance.now() - began) / 1_000) * rate; requests++) {
      const asking = one().catch((error: unknown) => void (newest > 0 && failed.push((error as Error).message))).finally(() => underWay.delete(asking));
      underWay.add(asking);
    }
  }, 2);
  return {
    newest: () => newest,
    async end() {
      clearInterval(timer);
      await Promise.all(underWay);
      agent.destroy();
      times.sort((a, b) => a - b);
      const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
      return { requests, failed, wrong, medianMs: at(0.5), p99Ms: at(0.99), longestMs: times.at(-1) ?? 0 };
    },
  };
}

const body = JSON.stringify({ instances: [{ x: 7 }] });

function ask(url: string, agent: Agent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers: { "content-type": "application/json", "content-length": body.length } }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString() })).on("error", reject);
    });
    sent.on("error", reject).end(body);
  });
}

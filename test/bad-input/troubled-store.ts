import { execFile } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { relearn } from "../cli/harness.ts";
import type { ProxyFault, SeenRequest } from "../support/fault-proxy.ts";
import { expectApprovable } from "./aftermath.ts";
import { goodFiles } from "./tiny-pipeline.ts";
import { goodTrainer, makePipeline, type Pipeline, type World } from "./world.ts";

interface Given { readonly world: World; readonly recorded: string }

const troubles: readonly { readonly title: string; readonly name: string; readonly fate: (request: SeenRequest) => ProxyFault }[] = [
  { title: "answers 503 to the first try of everything, and then slowly", name: "trouble-busy", fate: () => ({ kind: "status", status: 503, code: "SlowDown" }) },
  { title: "cuts the first reply to everything", name: "trouble-cut", fate: ({ method }) => (method === "GET" ? { kind: "truncate", bytes: 20 } : { kind: "cut" }) },
];

/**
 * The first request of each kind to each key has the fate of the pipeline that it names; to a blob, which names none, any of them. The next one passes.
 * So whoever runs beside the pipelines in trouble meets some of it too.
 */
export function firstTries(): (request: SeenRequest) => ProxyFault | null {
  const met = new Set<string>();
  return (request) => {
    const asked = `${request.method} ${request.path}`;
    if (met.has(asked)) return request.path.includes("trouble-busy") ? { kind: "delay", ms: 40 } : null;
    met.add(asked);
    const anyone = request.path.includes("/blobs/") ? troubles[met.size % troubles.length] : undefined;
    return (troubles.find(({ name }) => request.path.includes(name)) ?? anyone)?.fate(request) ?? null;
  };
}

/** Whole runs through an S3 that is as `firstTries` makes it for the worker and its jobs. */
export function describeTroubles(given: () => Given): void {
  describe.concurrent("an S3 that", () => {
    it.for(troubles)("$title makes a run no worse: one version, one promotion, a log that verifies", async ({ name }) => {
      const { world } = given();
      const made = await inStore(given(), name);
      expect(await world.run(made)).toMatchObject({ exitCode: 4 });
      await expectApprovable(world, made.name);
      const methods = new Set(world.proxy.seen.filter(({ path }) => path.includes(name)).map(({ method }) => method));
      expect([...methods]).toEqual(expect.arrayContaining(["GET", "PUT"]));
    });

    it("is down for the person is told in one sentence, with exit code 5", async () => {
      const { world } = given();
      const { endpoint, close } = await deafServer();
      const { definition } = makePipeline(world, "unreachable", "");
      for (const s3 of ["http://127.0.0.1:1", endpoint]) {
        const env = { ...world.env, RELEARN_S3_ENDPOINT: s3, AWS_ACCESS_KEY_ID: "somebody", AWS_SECRET_ACCESS_KEY: "something" };
        const [listed, started] = await Promise.all([relearn(env, "runs"), relearn(env, "run", definition, "--json")]);
        expect([listed.exitCode, listed.out, listed.err]).toEqual([5, "", expect.stringMatching(/^error: the object store did not answer .*; check that it runs and can be reached; `(npx )?relearn up` .*\n$/)]);
        expect([started.exitCode, JSON.parse(started.err)]).toEqual([5, { error: { type: "StoreUnavailable", message: expect.stringContaining("did not answer") } }]);
      }
      await close();
      expect((await compiled(world, ["runs"], { RELEARN_S3_ENDPOINT: "http://127.0.0.1:1" })).code).toBe(5);
      expect((await world.say("runs", "unreachable")).exitCode).toBe(1);
    });
  });
}

/** A whole run through an S3 that is down for everybody but the person: nothing else may run beside it. */
export function describeOutage(given: () => Given): void {
  describe("an S3 that", () => {
    it("is down for some seconds holds a run up, at each of its steps, and loses nothing", async () => {
      const { world } = given();
      const made = await inStore(given(), "outage");
      world.proxy.fault = () => ({ kind: "drop" });
      const running = world.run(made);
      await sleep(1_500);
      expect((await world.say("runs", "outage")).exitCode).toBe(1);
      world.proxy.fault = outages();
      expect(await running).toMatchObject({ exitCode: 4 });
      world.proxy.fault = () => ({ kind: "drop" });
      setTimeout(() => (world.proxy.fault = () => null), 1_000);
      await expectApprovable(world, "outage");
    });
  });
}

/** A pipeline whose data lies in S3 too, so that reading it meets the same trouble. */
async function inStore({ world, recorded }: Given, name: string): Promise<Pipeline> {
  const prefix = `landing/${name}`;
  for (const [file, text] of goodFiles()) await world.store.put(`${prefix}/${file}`, new TextEncoder().encode(text));
  return makePipeline(world, name, goodTrainer(recorded), { sources: { rides: { format: "csv", uri: `s3://${world.store.bucket}/${prefix}/{yyyy}-{MM}-{dd}.csv`, time: "at", key: "id" } } });
}

/** Down for a quarter of every second, so that no step of a run is spared. */
function outages(): () => ProxyFault | null {
  const began = Date.now();
  return () => ((Date.now() - began) % 1_000 < 250 ? { kind: "drop" } : null);
}

/** Takes connections and says nothing. */
async function deafServer(): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const sockets: { destroy(): void }[] = [];
  const server = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise<void>((done) => void server.close(() => done()));
    },
  };
}

/** The command as it is installed, in a process of its own. */
function compiled({ env, settings }: World, args: readonly string[], more: Readonly<Record<string, string>>): Promise<{ readonly code: number }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(settings.root, "dist", "cli", "main.js"), ...args], { env: { ...env, ...more } }, (error) => resolve({ code: error === null ? 0 : Number(error.code) }));
  });
}

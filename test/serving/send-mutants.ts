import { Agent, request } from "node:http";
import { expect } from "vitest";
import { seededRandom } from "../support/seeded-random.ts";
import { everyRow } from "./fake-models.ts";
import { type Mutant, mutate } from "./mutated-request.ts";
import type { OpenServer } from "./open-server.ts";

/** How far the process may grow meanwhile, its caller's side included. */
const mostGrowth = 100 * 2 ** 20;
const together = 8;

/**
 * Sends spoilt requests, several at a time, with a good one after every hundredth.
 * @returns how many there were of each kind.
 */
export async function sendMutants(server: OpenServer, seed: number, count: number, until = Infinity): Promise<ReadonlyMap<string, number>> {
  const random = seededRandom(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: together });
  const kinds = new Map<string, number>();
  let [sent, base] = [0, 0];
  const lane = async (): Promise<void> => {
    while (sent < count && Date.now() < until) {
      const nth = sent++;
      if (nth % 100 === 0) await probe(server, agent);
      if (nth === Math.min(1000, Math.floor(count / 4))) base = process.memoryUsage.rss();
      const mutant = mutate(random);
      kinds.set(mutant.kind, (kinds.get(mutant.kind) ?? 0) + 1);
      expectRefused(mutant, await send(server.url, agent, mutant), seed, nth);
    }
  };
  await Promise.all(Array.from({ length: together }, lane));
  agent.destroy();
  expect(process.memoryUsage.rss() - base).toBeLessThan(mostGrowth);
  return kinds;
}

interface Reply { readonly status: number; readonly body: string }

function expectRefused(mutant: Mutant, { status, body }: Reply, seed: number, nth: number): void {
  const what = `seed ${seed}, request ${nth} (${mutant.kind}): ${mutant.method} ${mutant.path} ${JSON.stringify(mutant.headers)} ${Buffer.concat(mutant.parts).toString("latin1").slice(0, 600)} -> ${status} ${body.slice(0, 300)}`;
  if (mutant.blind && status === 200) return;
  if (status < 400 || status > 499) expect.fail(what);
  const { error, ...others } = JSON.parse(body) as Record<string, unknown>;
  if (typeof error !== "string" || Object.keys(others).length > 0 || /node:|\bat \S+ \(|\/tmp\/|\/work\//.test(error)) expect.fail(what);
}

async function probe(server: OpenServer, agent: Agent): Promise<void> {
  const reply = await send(server.url, agent, { kind: "good", method: "POST", path: "/v1/models/flights:predict", headers: {}, parts: [Buffer.from(JSON.stringify({ instances: [everyRow] }))], blind: false });
  expect(reply.status, reply.body).toBe(200);
  expect(JSON.parse(reply.body)).toMatchObject({ predictions: [{ label: "1", score: { 0: 0.25, 1: 0.75 } }] });
}

function send(url: string, agent: Agent, { method, path, headers, parts }: Mutant): Promise<Reply> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const length: Record<string, number> = parts.length === 1 ? { "content-length": parts[0]!.length } : {};
    const sent = request({ hostname, port, method, path, agent, headers: { ...headers, ...length } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk)).on("end", () => resolve({ status: response.statusCode!, body })).on("error", reject);
    });
    sent.on("error", reject);
    for (const part of parts) sent.write(part);
    sent.end();
  });
}

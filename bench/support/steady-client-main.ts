import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { SteadyJob, SteadyMessage, SteadyOrder, SteadySeen } from "./steady-client.ts";

// Callers who do not wait for each other: a request is sent when it is due, whether or not those before were answered.
const answerMs = 10_000;
const agent = new Agent({ keepAlive: true, maxSockets: 512 });
/** Digests in the order in which they became champion; each is told before it does. */
const champions: string[] = [];
const underWay = new Set<Promise<void>>();
let seen = nothingSeen();
let stopping = false;

const tell = (message: SteadyMessage): unknown => process.send!(message);
process.on("disconnect", () => process.exit());
process.on("message", (order: SteadyOrder) => {
  if (order.kind === "champion") champions.push(order.digest);
  else if (order.kind === "start") void run(order);
  else if (order.kind === "take") take();
  else void stop();
});

function nothingSeen(): SteadySeen & { lateMs: number; times: number[]; failed: string[]; wrong: string[] } {
  return { times: [], failed: [], wrong: [], lateMs: 0 };
}

function take(): void {
  tell({ kind: "seen", seen });
  seen = nothingSeen();
}

async function stop(): Promise<void> {
  stopping = true;
  await Promise.all(underWay);
  stopping = false;
  take();
}

async function run({ urls, bodies, rate }: SteadyJob): Promise<void> {
  const places = urls.map(() => -1);
  const began = performance.now();
  for (let sent = 0; !stopping; await sleep(1)) {
    const late = performance.now() - began - (sent / rate) * 1_000;
    seen.lateMs = Math.max(seen.lateMs, late);
    for (const due = sent + Math.floor((late / 1_000) * rate); sent <= due && !stopping; sent++) {
      const asking = one(urls, sent % urls.length, bodies[sent % bodies.length]!, places).finally(() => underWay.delete(asking));
      underWay.add(asking);
    }
  }
}

async function one(urls: readonly string[], at: number, body: string, places: number[]): Promise<void> {
  const [began, place] = [performance.now(), Math.max(0, places[at]!)];
  try {
    const { status, text } = await ask(urls[at]!, body);
    seen.times.push(performance.now() - began);
    if (status !== 200) return void seen.failed.push(`${status} ${text.slice(0, 200)}`);
    if (champions.length > 0) judge((JSON.parse(text) as { digest: string }).digest, place, at, places);
  } catch (error) {
    seen.failed.push((error as Error).message);
  }
}

/** Right is what was champion, and had not been replaced on this server by the time the request was sent. */
function judge(digest: string, place: number, at: number, places: number[]): void {
  const found = champions.indexOf(digest, place);
  if (found < 0) seen.wrong.push(`${digest.slice(0, 12)} after ${champions[place]?.slice(0, 12)} had answered`);
  if (found <= places[at]!) return;
  places[at] = found;
  tell({ kind: "first", server: at, place: found, at: performance.timeOrigin + performance.now() });
}

function ask(url: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, timeout: answerMs, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) } }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString() })).on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${answerMs / 1_000} s`))).on("error", reject).end(body);
  });
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Variant } from "../../schemas/replica.ts";
import type { Flight } from "./month.ts";

/** One answer that a caller got. */
export interface Answer {
  readonly id: string;
  readonly v: number;
  readonly variant: Variant;
  /** Chance of coming late. */
  readonly score: number;
  readonly ms: number;
  readonly flight: Flight;
}

export interface Answers {
  readonly all: Answer[];
  /** Requests that got no answer, in the server's words. */
  readonly failures: string[];
}

export interface Asking {
  /** Of the server. */
  readonly url: string;
  /** In the order of their times; what is left of them stays for the next to ask. */
  readonly flights: AsyncIterator<Flight>;
  readonly perSecond: number;
  readonly answers: Answers;
}

/** Callers who wait at the same time, at most. */
const callers = 32;

/** Asks for one flight after another, at a steady pace, each at its own time and by its own key. @returns whether flights are left */
export async function askFlights({ url, flights, perSecond, answers }: Asking, stop: AbortSignal): Promise<boolean> {
  const waiting = new Set<Promise<void>>();
  const began = performance.now();
  let left = true;
  for (let asked = 0; left && !stop.aborted; asked++) {
    const early = began + (asked / perSecond) * 1000 - performance.now();
    if (early > 1) await sleep(early);
    if (waiting.size >= callers) await Promise.race(waiting);
    const { value, done } = await flights.next();
    left = done !== true;
    if (!left) break;
    const one: Promise<void> = ask(url, value, answers).finally(() => waiting.delete(one));
    waiting.add(one);
  }
  await Promise.all(waiting);
  return left;
}

interface Reply {
  readonly predictions: readonly [{ readonly score: Readonly<Record<string, number>> }];
  readonly model_version: string;
  readonly prediction_id: string;
  readonly variant: Variant;
}

/** Nothing is asked twice: a request that fails is counted as failed. */
async function ask(url: string, flight: Flight, { all, failures }: Answers): Promise<void> {
  const began = performance.now();
  try {
    const body = JSON.stringify({ instances: [flight.row], parameters: { at: flight.at, key: flight.key } });
    const reply = await fetch(`${url}/v1/models/flights:predict`, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!reply.ok) throw new Error(`${reply.status} ${(await reply.text()).slice(0, 200)}`);
    const { predictions: [{ score }], model_version, prediction_id: id, variant } = (await reply.json()) as Reply;
    all.push({ id, v: Number(model_version), variant, score: Object.values(score).at(-1)!, ms: performance.now() - began, flight });
  } catch (error) {
    failures.push((error as Error).message);
  }
}

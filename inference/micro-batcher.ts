import { RelearnError } from "../schemas/failures.ts";
import type { InputBatch, Scored } from "./contract.ts";
import type { ReplyFrame } from "./frames.ts";
import { type Entry, halvesOf, joinPieces, piecesOf, settle } from "./batch-entries.ts";
import { rowQueue, rowsOf } from "./row-queue.ts";

export interface BatchLimits {
  /** Rows that are run together at most; a larger request goes alone. */
  readonly maxRows: number;
  /** Rows of one request above which it is sent in pieces, so that others get their turn between them. */
  readonly pieceRows: number;
  /** Rows that wait at most; beyond it callers are refused at once. One request alone may bring more. */
  readonly queueRows: number;
  /** Batches that are on their way at a time. */
  readonly inFlight: number;
  /** For one batch; then the process counts as hung. */
  readonly scoreMs: number;
}

export interface Batching {
  /** For messages: "version 3 of flights". */
  readonly title: string;
  /** Scores a row. */
  readonly width: number;
  readonly limits: BatchLimits;
  readonly send: (id: number, rows: number, batches: readonly InputBatch[]) => void;
  /** The process did not answer, or not as it must: it is to be killed. */
  readonly onHang: (why: RelearnError) => void;
}

export interface MicroBatcher {
  readonly pending: number;
  /** As `ModelProcess.score`. */
  score(batch: InputBatch, deadline: number): Promise<Scored>;
  /** Hands a reply to those who wait for it. */
  reply(frame: ReplyFrame): void;
  /** Refuses all who wait, and whoever comes. */
  fail(why: Error): void;
  /** Refuses whoever comes; resolves after the last reply. */
  drain(why: Error): Promise<void>;
}

interface Flight { readonly entries: readonly Entry[]; readonly rows: number }

/** How late a deadline may be noticed: one timer serves all callers. */
const tickMs = 10;

/**
 * Runs together what callers ask at the same time. An idle process gets a request at once; while it is busy requests gather, and the
 * next batch takes all that wait. So a batch is as large as the load makes it, and nobody waits for it to fill.
 */
export function microBatcher({ title, width, limits, send, onHang }: Batching): MicroBatcher {
  const queue = rowQueue();
  const flights = new Map<number, Flight>();
  let [flying, ids, groups, busySince] = [0, 0, 0, 0];
  let ending: Error | null = null;
  let announceRest: (() => void) | null = null;
  let resting: Promise<void> | null = null;
  let [dispatching, ticking] = [false, false];

  const schedule = (): void => {
    if (dispatching || flights.size >= limits.inFlight) return;
    dispatching = true;
    // Requests that were read in the same turn of the event loop go together.
    setImmediate(dispatch);
  };
  const dispatch = (): void => {
    dispatching = false;
    while (!queue.empty && flights.size < limits.inFlight) sendNext(performance.now());
    rest();
  };
  const sendNext = (now: number): void => {
    const entries = queue.take(limits.maxRows, now, (entry) => expire(entry, now));
    if (entries.length === 0) return;
    if (flights.size === 0) busySince = now;
    const [id, rows] = [(ids = (ids + 1) % 2 ** 32), rowsOf(entries)];
    flights.set(id, { entries, rows });
    flying += rows;
    for (const entry of entries) entry.sentAt = now;
    send(id, rows, entries.map(({ batch }) => batch));
  };
  const expire = ({ askedAt, reject }: Entry, now: number): void => reject(new RelearnError("InferenceLimit", `${title} did not answer in the ${Math.round(now - askedAt)} ms that its caller waits`));

  const watch = (): void => {
    if (ticking) return;
    ticking = true;
    setTimeout(tick, tickMs);
  };
  const tick = (): void => {
    ticking = false;
    const now = performance.now();
    if (flights.size > 0 && now - busySince > limits.scoreMs) return onHang(new RelearnError("InferenceLimit", `${title} did not answer within ${limits.scoreMs / 1000} s; its process is ended`));
    for (const { entries } of flights.values()) for (const entry of entries) if (entry.deadline <= now) expire(entry, now);
    queue.dropLate(now, (entry) => expire(entry, now));
    if (queue.rows + flying > 0) watch();
    else rest();
  };
  const rest = (): void => {
    if (queue.rows + flying === 0) announceRest?.();
  };

  const enqueue = (batch: InputBatch, deadline: number): Promise<Scored> =>
    new Promise((resolve, reject) => {
      queue.push({ batch, deadline, group: 0, askedAt: performance.now(), sentAt: 0, resolve, reject });
      schedule();
      watch();
    });
  const reply = (frame: ReplyFrame): void => {
    const flight = flights.get(frame.id);
    if (flight === undefined || !answers(frame, flight, width)) return onHang(new RelearnError("InferenceLimit", `${title} gave a reply that fits no question; its process is ended`));
    flights.delete(frame.id);
    flying -= flight.rows;
    busySince = performance.now();
    // One caller's rows may be the fault: the halves are asked again, so that the others get their answers.
    if (frame.failure !== null && flight.entries.length > 1) queue.putBack(halvesOf(flight.entries, (groups += 2)));
    else settle(title, flight.entries, frame, width);
    schedule();
  };
  const fail = (why: Error): void => {
    ending = why;
    for (const { reject } of [...flights.values()].flatMap(({ entries }) => entries).concat(queue.takeAll())) reject(why);
    flights.clear();
    flying = 0;
    rest();
  };

  return {
    get pending() {
      return queue.rows + flying;
    },
    score: (batch, deadline) => {
      if (ending !== null) return Promise.reject(ending);
      if (queue.rows > 0 && queue.rows + batch.rows > limits.queueRows) return Promise.reject(new RelearnError("Overloaded", `${queue.rows} rows wait for ${title}, and at most ${limits.queueRows} may; try again later`));
      if (batch.rows <= limits.pieceRows) return enqueue(batch, deadline);
      return Promise.all(piecesOf(batch, limits.pieceRows).map((piece) => enqueue(piece, deadline))).then(joinPieces);
    },
    reply,
    fail,
    drain: (why) => {
      ending ??= why;
      resting ??= new Promise((resolve) => (announceRest = resolve));
      rest();
      return resting;
    },
  };
}

const answers = ({ scores, rows }: ReplyFrame, flight: Flight, width: number): boolean => scores === null || (rows === flight.rows && scores.length === flight.rows * width);

import { RelearnError } from "../schemas/failures.ts";
import type { InputBatch, Scored } from "./contract.ts";
import type { ReplyFrame } from "./frames.ts";
import { type Entry, joinPieces, piecesOf, settle } from "./batch-entries.ts";

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
  const queue: Entry[] = [];
  const flights = new Map<number, Flight>();
  let [waiting, flying, ids] = [0, 0, 0];
  let busySince = 0;
  let ending: Error | null = null;
  let drained: (() => void) | null = null;
  let dispatching = false;
  let ticking = false;

  const dispatch = (): void => {
    dispatching = false;
    while (queue.length > 0 && flights.size < limits.inFlight) sendNext();
  };
  const schedule = (): void => {
    if (dispatching || flights.size >= limits.inFlight) return;
    dispatching = true;
    // Requests that were read in the same turn of the event loop go together.
    setImmediate(dispatch);
  };
  const sendNext = (): void => {
    const now = performance.now();
    const { entries, rows } = takeBatch(now);
    if (entries.length === 0) return;
    if (flights.size === 0) busySince = now;
    const id = (ids = (ids + 1) % 2 ** 32);
    flights.set(id, { entries, rows });
    flying += rows;
    for (const entry of entries) entry.sentAt = now;
    send(id, rows, entries.map(({ batch }) => batch));
  };
  const takeBatch = (now: number): Flight => {
    const entries: Entry[] = [];
    let [rows, taken] = [0, 0];
    for (; taken < queue.length; taken++) {
      const entry = queue[taken]!;
      if (entry.deadline <= now) expire(entry, now);
      else if (entries.length > 0 && (entry.alone || entries[0]!.alone || rows + entry.batch.rows > limits.maxRows)) break;
      else {
        entries.push(entry);
        rows += entry.batch.rows;
      }
    }
    for (const entry of queue.splice(0, taken)) waiting -= entry.batch.rows;
    return { entries, rows };
  };
  const expire = (entry: Entry, now: number): void => entry.reject(new RelearnError("InferenceLimit", `${title} did not answer in the ${Math.round(now - entry.askedAt)} ms that its caller waits`));

  const tick = (): void => {
    const now = performance.now();
    if (flights.size > 0 && now - busySince > limits.scoreMs) return onHang(new RelearnError("InferenceLimit", `${title} did not answer within ${limits.scoreMs / 1000} s; its process is ended`));
    for (const { entries } of flights.values()) for (const entry of entries) if (entry.deadline <= now) expire(entry, now);
    if (queue.some(({ deadline }) => deadline <= now)) expireWaiting(now);
    if (waiting + flying > 0) setTimeout(tick, tickMs);
    else ticking = false;
  };
  const expireWaiting = (now: number): void => {
    for (const entry of queue.splice(0)) {
      if (entry.deadline > now) queue.push(entry);
      else {
        waiting -= entry.batch.rows;
        expire(entry, now);
      }
    }
    rest();
  };
  const watch = (): void => {
    if (ticking) return;
    ticking = true;
    setTimeout(tick, tickMs);
  };
  const rest = (): void => {
    if (waiting + flying === 0) drained?.();
  };

  const enqueue = (batch: InputBatch, deadline: number, alone: boolean): Promise<Scored> =>
    new Promise((resolve, reject) => {
      queue.push({ batch, deadline, alone, askedAt: performance.now(), sentAt: 0, resolve, reject });
      waiting += batch.rows;
      schedule();
      watch();
    });

  const reply = (frame: ReplyFrame): void => {
    const flight = flights.get(frame.id);
    const fits = flight !== undefined && (frame.scores === null || (frame.rows === flight.rows && frame.scores.length === flight.rows * width));
    if (!fits) return onHang(new RelearnError("InferenceLimit", `${title} gave a reply that fits no question; its process is ended`));
    flights.delete(frame.id);
    flying -= flight.rows;
    busySince = performance.now();
    if (frame.failure !== null && flight.entries.length > 1) retryAlone(flight.entries);
    else settle(title, flight.entries, frame, width);
    schedule();
    rest();
  };
  /** One caller's rows may be the fault: each is asked again by itself, so that the others get their answers. */
  const retryAlone = (entries: readonly Entry[]): void => {
    queue.unshift(...entries.map((entry) => ({ ...entry, alone: true })));
    waiting += entries.reduce((sum, { batch }) => sum + batch.rows, 0);
  };

  return {
    get pending() {
      return waiting + flying;
    },
    score: (batch, deadline) => {
      if (ending !== null) return Promise.reject(ending);
      if (waiting > 0 && waiting + batch.rows > limits.queueRows) return Promise.reject(new RelearnError("Overloaded", `${waiting} rows wait for ${title}, and at most ${limits.queueRows} may; try again later`));
      if (batch.rows <= limits.pieceRows) return enqueue(batch, deadline, false);
      return Promise.all(piecesOf(batch, limits.pieceRows).map((piece) => enqueue(piece, deadline, false))).then(joinPieces);
    },
    reply,
    fail: (why) => {
      ending = why;
      for (const { entries } of flights.values()) for (const entry of entries) entry.reject(why);
      for (const entry of queue.splice(0)) entry.reject(why);
      flights.clear();
      [waiting, flying] = [0, 0];
      rest();
    },
    drain: (why) => {
      ending ??= why;
      return waiting + flying === 0 ? Promise.resolve() : new Promise((resolve) => (drained = resolve));
    },
  };
}

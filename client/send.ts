import { ClientError } from "./client-error.ts";
import { type Deadline, openDeadline } from "./deadline.ts";
import { waitBefore } from "./retry-after.ts";

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Where requests go, and what every one of them says. */
export interface Connection {
  /** Without a slash at its end. */
  readonly base: string;
  readonly token: string | null;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
}

/** How long one request may take, and who may end it. */
export interface Waiting {
  /** Milliseconds for the whole, waits before repetitions included; that of `connect` where it is left out. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Outgoing extends Waiting {
  readonly path: string;
  /** Left out: GET. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are answers beside 2xx. */
  readonly answers?: readonly number[];
}

export interface Incoming {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Sends a request, and again where the server asks for that and there is time. A connection that breaks is not tried again: the server may have answered.
 * @throws ClientError; the reason of the caller's signal where that ended it.
 */
export async function send(connection: Connection, outgoing: Outgoing): Promise<Incoming> {
  const deadline = openDeadline(outgoing.timeoutMs ?? connection.timeoutMs, outgoing.signal);
  try {
    return await untilAnswered(connection, outgoing, deadline);
  } catch (error) {
    deadline.signal.throwIfAborted();
    throw error;
  } finally {
    deadline.done();
  }
}

async function untilAnswered(connection: Connection, outgoing: Outgoing, deadline: Deadline): Promise<Incoming> {
  for (;;) {
    const reply = await once(connection, outgoing, deadline);
    if ((reply.status >= 200 && reply.status < 300) || outgoing.answers?.includes(reply.status) === true) return reply;
    const waitMs = waitBefore(reply.status, reply.headers.get("retry-after"), Date.now(), Math.random());
    if (waitMs === null || waitMs >= deadline.leftMs()) throw refusal(reply);
    await pause(waitMs, deadline.signal);
  }
}

async function once({ base, token, fetch }: Connection, { path, body, headers }: Outgoing, { signal, leftMs }: Deadline): Promise<Incoming> {
  signal.throwIfAborted();
  const all = { ...(body === undefined ? {} : { "Content-Type": "application/json", "Relearn-Timeout-Ms": String(Math.max(1, Math.ceil(leftMs()))) }), ...(token === null ? {} : { Authorization: `Bearer ${token}` }), ...headers };
  try {
    const response = await fetch(base + path, { method: body === undefined ? "GET" : "POST", headers: all, signal, ...(body === undefined ? {} : { body }) });
    return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) };
  } catch (cause) {
    throw new ClientError(null, `${base} does not answer: ${wordsOf(cause)}`, { cause });
  }
}

/** Node's `fetch failed` says why only in its cause. */
function wordsOf(error: unknown): string {
  const { message, cause } = error as { readonly message?: string; readonly cause?: { readonly message?: string; readonly code?: string } };
  const why = cause?.message || cause?.code;
  return `${message ?? String(error)}${why === undefined ? "" : ` (${why})`}`;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    }, ms);
    signal.addEventListener("abort", giveUp, { once: true });
  });
}

/** Something between caller and server may answer with a page instead. */
function refusal({ status, body }: Incoming): ClientError {
  const text = new TextDecoder().decode(body);
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown };
    if (typeof error === "string") return new ClientError(status, error);
  } catch {
    // Not the server's form: shown as it is.
  }
  return new ClientError(status, text.trim() === "" ? `status ${status} without a word` : text.slice(0, 200));
}

/** @throws ClientError where a reply is not JSON. */
export function jsonOf({ status }: Incoming, bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ClientError(status, `the reply is not JSON: ${text.slice(0, 60)}`, { cause });
  }
}

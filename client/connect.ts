import { type AskOptions, pathOf } from "./ask.ts";
import { ClientError } from "./client-error.ts";
import { type FeedbackAnswer, type FeedbackItem, giveFeedback } from "./feedback.ts";
import { infer, type Inferred, type InferOptions, type Inputs } from "./infer.ts";
import { isReady, metadata, type ModelMetadata, type VersionOptions } from "./information.ts";
import { type Answer, predict, type Prediction, type Row } from "./predict.ts";
import type { Connection, Fetch, Waiting } from "./send.ts";

export interface ConnectOptions {
  /** Sent as `Authorization: Bearer TOKEN`. */
  readonly token?: string | undefined;
  /** Milliseconds for a request, repetitions included; the server hears of it. Default: 10,000, which is also the most that a server gives unless told. */
  readonly timeoutMs?: number | undefined;
  /** Instead of the global `fetch`. */
  readonly fetch?: Fetch | undefined;
}

/** A server. It holds no connection and needs no closing. */
export interface Client {
  /** A model of the server by its name, which is looked up only when it is asked. */
  model<P extends Prediction = Prediction>(name: string): Model<P>;
  /**
   * Says what came true of predictions. Each item is judged by itself: a refused one is in the answer, and no error. It may be sent again.
   * @throws ClientError.
   */
  feedback(items: readonly FeedbackItem[], options?: Waiting): Promise<FeedbackAnswer>;
  /** Whether every model of the server answers. @throws ClientError where the server itself does not. */
  ready(options?: Waiting): Promise<boolean>;
}

/** A model. Every method rejects with a `ClientError`, or with the reason of the signal that the caller aborted. */
export interface Model<P extends Prediction = Prediction> {
  readonly name: string;
  /**
   * Predicts rows, each an object of column and value. A request that was refused for now (429, 503 with `Retry-After`) is sent again while there is time;
   * each that is answered has a prediction id of its own, so whoever sends rows twice gets two predictions.
   */
  predict<R extends Row<R>>(rows: readonly R[], options?: AskOptions): Promise<Answer<P>>;
  /** Predicts columns as tensors, with the Open Inference Protocol: for many rows. Sent again as rows are. */
  infer(inputs: Inputs, options?: InferOptions): Promise<Inferred>;
  /** What it takes and gives. */
  metadata(options?: VersionOptions): Promise<ModelMetadata>;
  /** Whether it answers now, or that version of it does. */
  ready(options?: VersionOptions): Promise<boolean>;
}

/**
 * A client of the server at a URL. Nothing is sent yet.
 * @throws ClientError where the URL or the token is none.
 */
export function connect(url: string, { token, timeoutMs = 10_000, fetch = globalThis.fetch }: ConnectOptions = {}): Client {
  const connection: Connection = { base: baseOf(url), token: tokenOf(token), timeoutMs, fetch };
  return {
    model: (name) => modelOf(connection, name),
    feedback: (items, options = {}) => giveFeedback(connection, items, options),
    ready: (options = {}) => isReady(connection, "/v2/health/ready", options),
  };
}

function modelOf<P extends Prediction>(connection: Connection, name: string): Model<P> {
  return {
    name,
    predict: (rows, options = {}) => predict(connection, name, rows, options),
    infer: (inputs, options = {}) => infer(connection, name, inputs, options),
    metadata: (options = {}) => metadata(connection, name, options),
    ready: ({ version, ...waiting } = {}) => isReady(connection, `${pathOf("/v2", name, version)}/ready`, waiting),
  };
}

/** Read from a file, a token often ends with a line; `fetch` would repeat the whole of it in its error. */
function tokenOf(token: string | undefined): string | null {
  if (token === undefined || /^[\w.~+/=-]{1,512}$/.test(token)) return token ?? null;
  throw new ClientError(null, `token: expected 1 to 512 letters, digits and . ~ + / = _ -, found ${String(token).length} characters of which some are others`);
}

/** A path in front of the server's own is kept: proxies have one. */
function baseOf(url: string): string {
  const { protocol, origin, pathname, username, password } = URL.canParse(url) ? new URL(url) : refuse(url);
  if (!/^https?:$/.test(protocol) || username !== "" || password !== "") refuse(url);
  return origin + pathname.replace(/\/+$/, "");
}

/** A password is not repeated. */
function refuse(url: string): never {
  throw new ClientError(null, `expected a URL such as http://127.0.0.1:8080, without a user or a password, found ${JSON.stringify(String(url).replace(/\/\/[^/]*@/, "//...@"))}`);
}

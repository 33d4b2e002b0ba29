import { type AnsweredBy, answeredBy, type Said } from "./answered-by.ts";
import { type AskOptions, parametersOf, pathOf } from "./ask.ts";
import { ClientError } from "./client-error.ts";
import { type Connection, jsonOf, send } from "./send.ts";

/** Of a row: a bigint for whole numbers beyond 2^53, a `Date` or text for a time, a list for an embedding, null where there is no value. */
export type Value = string | number | bigint | boolean | Date | readonly number[] | Float32Array | Float64Array | null;

/** An object of column and value; written so that an interface fits as well. */
export type Row<R> = { readonly [K in keyof R]-?: Value };

/** Of a model that tells classes apart. */
export interface Classified {
  /** The class with the highest score. */
  readonly label: string;
  /** By class. */
  readonly score: Readonly<Record<string, number>>;
}

/** Of a regression. */
export interface Estimated {
  readonly value: number;
}

export type Prediction = Classified | Estimated;

export interface Answer<P extends Prediction> extends AnsweredBy {
  /** One a row, in the order of the rows. */
  readonly predictions: readonly P[];
}

/** Rows as objects over `/v1/models/{model}:predict`. */
export async function predict<P extends Prediction>(connection: Connection, model: string, rows: readonly object[], options: AskOptions): Promise<Answer<P>> {
  const body = JSON.stringify({ instances: rows, parameters: parametersOf(options) }, sendable);
  const reply = await send(connection, { path: `${pathOf("/v1", model, options.version)}:predict`, body, timeoutMs: options.timeoutMs, signal: options.signal });
  const { predictions, ...said } = jsonOf(reply, reply.body) as Said & { readonly predictions?: readonly P[] };
  if (!Array.isArray(predictions)) throw new ClientError(reply.status, `the reply has no predictions; is ${connection.base} a Relearn server?`);
  return { predictions, ...answeredBy(said) };
}

/** JSON would make null of NaN and an object of a typed array, and knows no bigint. */
function sendable(name: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new ClientError(null, `${name}: JSON has no ${value}; say null where there is no value`);
  if (typeof value === "bigint") return value.toString();
  return value instanceof Float32Array || value instanceof Float64Array ? Array.from(value) : value;
}

import type { Waiting } from "./send.ts";

/** What a request for a prediction may say beside its rows. */
export interface AskOptions extends Waiting {
  /** Sticks a caller to one variant of a rollout: 1 to 256 characters, such as a customer's id. */
  readonly key?: string | undefined;
  /** When the prediction was, for replays of the past: a `Date`, or a UTC instant as text. Needs the scope `backfill`. */
  readonly at?: Date | string | undefined;
  /** Asks this version instead of whoever serves. */
  readonly version?: number | undefined;
}

/** `parameters` of a request; JSON leaves out what is undefined. */
export const parametersOf = ({ key, at }: AskOptions): { readonly key: string | undefined; readonly at: string | undefined } => ({ key, at: at === undefined ? undefined : instantOf(at) });

export const instantOf = (at: Date | string): string => (typeof at === "string" ? at : at.toISOString());

/** A model's path, or that of one of its versions. */
export const pathOf = (prefix: "/v1" | "/v2", model: string, version: number | undefined): string => `${prefix}/models/${encodeURIComponent(model)}${version === undefined ? "" : `/versions/${version}`}`;

import type { InputBatch } from "../../inference/contract.ts";
import type { RequestParameters } from "./request-parameters.ts";

/** A request that fits its model's contract. */
export interface Decoded {
  readonly batch: InputBatch;
  /** Fields that are no features but are wanted in the log: one value a row. */
  readonly extras: Readonly<Record<string, readonly unknown[]>>;
  readonly parameters: RequestParameters;
}

export interface DecodeLimits {
  readonly rows: number;
}

export const noExtras: Readonly<Record<string, readonly unknown[]>> = Object.freeze({});

import type { ModelContract } from "../../inference/contract.ts";
import { type JsonLimits, parseJson } from "../../http/json-body.ts";
import type { DecodeLimits } from "../protocol/decoded.ts";
import { decodeInfer, type InferRequest } from "../protocol/infer-request.ts";
import { decodeMlflow } from "../protocol/mlflow-request.ts";
import { decodeRaw } from "../protocol/raw-request.ts";
import { decodePredict } from "../protocol/rows-request.ts";
import { readFeedback } from "./feedback.ts";

export type BodyLimits = JsonLimits & DecodeLimits;

/** By what the rows of a body are read. */
export interface ReadBy {
  readonly contract: ModelContract;
  /** Fields that are no features but are wanted in the log. */
  readonly extras: readonly string[];
}

/** Bytes of JSON that come before binary data; null where all is JSON. */
export interface ReadInferBy extends ReadBy { readonly jsonBytes: number | null }

/** What is made of bodies, by their kind: of plain data alone, so that it can be done in another thread. @throws RelearnError `InvalidInput`. */
export const bodyReaders = {
  rows: (body: Buffer, { contract, extras }: ReadBy, limits: BodyLimits) => decodePredict(parseJson(body, limits), contract, extras, limits),
  mlflow: (body: Buffer, { contract, extras }: ReadBy, limits: BodyLimits) => decodeMlflow(parseJson(body, limits), contract, extras, limits),
  infer: readInfer,
  feedback: (body: Buffer, _: null, limits: BodyLimits) => readFeedback(parseJson(body, limits)),
} as const;

export type BodyKind = keyof typeof bodyReaders;
export type By<K extends BodyKind> = Parameters<(typeof bodyReaders)[K]>[1];
export type ReadOf<K extends BodyKind> = ReturnType<(typeof bodyReaders)[K]>;

/** JSON; JSON with binary data behind it; or binary data alone, where the JSON has no bytes. */
function readInfer(body: Buffer, { contract, extras, jsonBytes }: ReadInferBy, limits: BodyLimits): InferRequest {
  if (jsonBytes === null) return decodeInfer(parseJson(body, limits), null, contract, extras, limits);
  if (jsonBytes === 0) return decodeRaw(body, contract, limits);
  return decodeInfer(parseJson(body.subarray(0, jsonBytes), limits), body.subarray(jsonBytes), contract, extras, limits);
}

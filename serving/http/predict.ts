import type { ModelContract } from "../../inference/contract.ts";
import { failureTypeOf, RelearnError } from "../../schemas/failures.ts";
import type { Variant } from "../../schemas/replica.ts";
import type { Decoded } from "../protocol/decoded.ts";
import { allFinite, type Prediction } from "../protocol/prediction.ts";
import { shown } from "../protocol/refuse.ts";
import { timeoutOf } from "../protocol/request-parameters.ts";
import type { Answer, ServedModel } from "../served-model.ts";
import { HttpError } from "../../http/error-reply.ts";
import { count } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import type { Call } from "./route-table.ts";

/** @throws RelearnError `NotFound`. */
export function modelOf({ models }: Parts, name: string): ServedModel {
  return models.find(name) ?? missing(name);
}

function missing(name: string): never {
  throw new RelearnError("NotFound", `there is no model ${shown(name)} here`);
}

export const versionOf = ({ path }: Call): number | null => (path.version === undefined ? null : Number(path.version));

/**
 * From a call to its prediction, for every protocol alike: read by the contract, asked for with a deadline, logged, counted.
 * @param decode reads the call's body by the contract. It may throw `InvalidInput`.
 * @throws RelearnError as the model's `contract` and `predict` and the log do; HttpError 403 where `at` is not the caller's to say.
 */
export async function predict<D extends Decoded>(parts: Parts, call: Call, model: ServedModel, decode: (contract: ModelContract) => D | Promise<D>): Promise<{ readonly prediction: Prediction; readonly decoded: D }> {
  const begun = performance.now();
  parts.metrics.inFlight++;
  try {
    const version = versionOf(call);
    const contract = model.contract(version);
    const reading = decode(contract);
    const decoded = reading instanceof Promise ? await reading : reading;
    const { batch, parameters } = decoded;
    if (parameters.at !== null && !call.may("backfill")) throw new HttpError(403, "parameters.at: only a caller with the scope backfill may say when a prediction was");
    const id = parts.ids.issue(model.name);
    const asked: Asked = { parts, decoded, id, begun };
    const answer = await scored(asked, contract, () => model.predict({ batch, id, key: parameters.key, version, deadline: begun + timeoutMs(parts, call, decoded), at: parameters.at ?? undefined }));
    const logged = keep(asked, answer.contract, answer.variant, answer, null);
    if (logged !== undefined) await logged;
    count(parts.metrics.meter(answer.contract, answer.variant), batch.rows, { queuedMs: answer.queuedMs, computeMs: answer.computeMs, totalMs: performance.now() - begun });
    return { prediction: { answer, id, rows: batch.rows }, decoded };
  } catch (error) {
    parts.metrics.failed(model.name, failureTypeOf(error) ?? (error instanceof HttpError ? "Refused" : "Internal"));
    throw error;
  } finally {
    parts.metrics.inFlight--;
  }
}

interface Asked { readonly parts: Parts; readonly decoded: Decoded; readonly id: string; readonly begun: number }

/** A failure is logged like an answer, and stays the failure that it was whatever the log says. */
async function scored(asked: Asked, contract: ModelContract, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    const answer = await ask();
    if (!allFinite(answer.scores)) throw new RelearnError("ModelRefused", `version ${answer.contract.v} of ${answer.contract.model} answered NaN or an infinity`);
    return answer;
  } catch (error) {
    await Promise.resolve(keep(asked, contract, "champion", null, failureTypeOf(error) ?? "Internal")).catch(() => undefined);
    throw error;
  }
}

function keep({ parts, decoded, id, begun }: Asked, contract: ModelContract, variant: Variant, answer: Answer | null, error: string | null): Promise<void> | undefined {
  const { batch, extras, parameters } = decoded;
  return parts.log.append({ id, contract, variant, at: parameters.at ?? Date.now(), batch: answer?.batch ?? batch, extras, scores: answer?.scores ?? null, error, latencyMs: performance.now() - begun });
}

/** What the caller says, in the body or the header, and never more than the server allows. */
function timeoutMs({ limits }: Parts, { headers }: Call, { parameters }: Decoded): number {
  const header = headers["relearn-timeout-ms"];
  const asked = parameters.timeoutMs ?? (header === undefined ? limits.timeoutMs : timeoutOf(header));
  return Math.min(asked, limits.timeoutMs);
}

/** Who answered, for clients that look at headers only. */
export function answeredBy({ answer, id }: Prediction): string[] {
  return ["Relearn-Version", String(answer.contract.v), "Relearn-Digest", answer.contract.digest, "Relearn-Prediction-Id", id, "Relearn-Variant", answer.variant];
}

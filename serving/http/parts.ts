import type { ModelContract } from "../../inference/contract.ts";
import type { PredictionIds, PredictionLog } from "../prediction-log.ts";
import type { ServedModels } from "../served-model.ts";
import type { Feedback } from "../feedback.ts";
import type { Bodies } from "./read-bodies.ts";
import type { Limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";

/** What the routes answer from. */
export interface Parts {
  readonly models: ServedModels;
  readonly log: PredictionLog;
  readonly ids: PredictionIds;
  readonly feedback: Feedback;
  /** Names of fields that are no features of a model but are wanted in the log, such as its consent column. */
  readonly extras: (contract: ModelContract) => readonly string[];
  readonly metrics: Metrics;
  readonly limits: Limits;
  readonly bodies: Bodies;
  /** Of Relearn. */
  readonly version: string;
  /** While it closes, a server says that it is not ready. */
  readonly closing: () => boolean;
}

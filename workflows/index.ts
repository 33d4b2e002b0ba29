export { batchScoring } from "./batch-scoring.ts";
export { deployment } from "./deployment.ts";
export { monitoring } from "./monitoring.ts";
export { notices } from "./notices.ts";
export { retraining } from "./retraining.ts";
export { trainingRun } from "./training-run.ts";
export { trigger } from "./trigger.ts";

/**
 * Every activity's input and result, as types only, so that workflow code can import them without their rooms.
 * Rows and tables never pass here: references, and a few numbers.
 */
import type { BatchActivities } from "./contract/batch-steps.ts";
import type { DeploymentActivities } from "./contract/deployment-steps.ts";
import type { MonitoringActivities } from "./contract/monitoring-steps.ts";
import type { NoticeActivities } from "./contract/notice-steps.ts";
import type { RetrainingActivities } from "./contract/retraining-steps.ts";
import type { RunActivities } from "./contract/run-steps.ts";

export type * from "./contract/batch-steps.ts";
export type * from "./contract/deployment-steps.ts";
export type * from "./contract/monitoring-steps.ts";
export type * from "./contract/notice-steps.ts";
export type * from "./contract/retraining-steps.ts";
export type * from "./contract/run-steps.ts";

export interface Activities extends BatchActivities, DeploymentActivities, MonitoringActivities, NoticeActivities, RetrainingActivities, RunActivities {}

import { createAnnounceChampion } from "./announce-champion.ts";
import { createAsk } from "./ask.ts";
import { createAwaitRun } from "./await-run.ts";
import { createChampion } from "./champion.ts";
import type { Activities } from "./contract.ts";
import { createDecide } from "./decide.ts";
import type { Dependencies } from "./dependencies.ts";
import { createEvaluate } from "./evaluate.ts";
import { createFinishBatch } from "./finish-batch.ts";
import { createIngest } from "./ingest.ts";
import { createMayRetrain } from "./may-retrain.ts";
import { createNewData } from "./new-data.ts";
import { createCloseWindows } from "./monitor/close-windows.ts";
import { createJudgeWindows } from "./monitor/judge-windows.ts";
import { createLateWindows } from "./monitor/late-windows.ts";
import { createObserveWindows } from "./monitor/observe-windows.ts";
import { createRecordThreshold } from "./monitor/record-threshold.ts";
import { createPlanBatch } from "./plan-batch.ts";
import { createPlanRun } from "./plan-run.ts";
import { createPromote, createRollback } from "./promote.ts";
import { createPropose } from "./propose.ts";
import { createRecordChange } from "./record-change.ts";
import { createRecordDecisions } from "./record-decisions.ts";
import { createRecordRun } from "./record-run.ts";
import { createRegister } from "./register.ts";
import { createRolloutEvidence, createWhoServes } from "./rollout-evidence.ts";
import { createRolloutStart, createTakingOver } from "./rollout-plan.ts";
import { createScoreFiles } from "./score-files.ts";
import { createSendNotice } from "./send-notice.ts";
import { createSignalRetraining } from "./signal-retraining.ts";
import { createStartRollout, createStepRollout } from "./rollout-steps.ts";
import { createStartRun } from "./start-run.ts";
import { withFailures } from "./support/as-failure.ts";
import { createTrain } from "./train.ts";
import { createValidate } from "./validate.ts";
import { createVersionEvidence } from "./version-evidence.ts";

/** Every activity, over the ports it is given. */
export function createActivities(deps: Dependencies): Activities {
  return withFailures<Activities>({
    planRun: createPlanRun(deps), startRun: createStartRun(deps), awaitRun: createAwaitRun(deps),
    mayRetrain: createMayRetrain(deps), newData: createNewData(deps), recordDecisions: createRecordDecisions(deps), recordChange: createRecordChange(deps), signalRetraining: createSignalRetraining(deps),
    ingest: createIngest(deps), validate: createValidate(deps), train: createTrain(deps), evaluate: createEvaluate(deps),
    register: createRegister(deps), champion: createChampion(deps), versionEvidence: createVersionEvidence(deps),
    ask: createAsk(deps), decide: createDecide(deps), propose: createPropose(deps), promote: createPromote(deps), rollback: createRollback(deps),
    rolloutStart: createRolloutStart(deps), startRollout: createStartRollout(deps), stepRollout: createStepRollout(deps),
    rolloutEvidence: createRolloutEvidence(deps), takingOver: createTakingOver(deps), whoServes: createWhoServes(deps),
    announceChampion: createAnnounceChampion(deps), recordRun: createRecordRun(deps),
    sendNotice: createSendNotice(deps),
    planBatch: createPlanBatch(deps), scoreFiles: createScoreFiles(deps), finishBatch: createFinishBatch(deps),
    closeWindows: createCloseWindows(deps), lateWindows: createLateWindows(deps), observeWindows: createObserveWindows(deps),
    judgeWindows: createJudgeWindows(deps), recordThreshold: createRecordThreshold(deps),
  });
}

import { randomUUID } from "node:crypto";
import { isAbsolute, resolve } from "node:path";
import { batchId, type BatchRequest, batchRequest } from "../../schemas/batch.ts";
import { readAs } from "../../schemas/boundary.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import { getPlan } from "../../stores/batches.ts";
import { keyOf } from "../../stores/documents.ts";
import { isS3Uri } from "../../stores/s3-uri.ts";
import { taskQueue } from "../../workers/connect.ts";
import { readModel } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { followBatch } from "../support/follow-batch.ts";
import { knownModel } from "../support/known-model.ts";
import { withStore } from "../support/store.ts";
import { inTime, type TemporalAccess, withTemporal } from "../support/temporal.ts";
import { workflowLink } from "../support/workflow-link.ts";

interface ScoreOptions {
  readonly from: string;
  readonly to: string;
  readonly format?: string;
  readonly delimiter?: string;
  readonly keep?: string;
  readonly onBadRow?: string;
  readonly parallel?: string;
  readonly id?: string;
  readonly detach?: boolean;
}

/** Scores a data set by a version of a model, and follows it unless told otherwise. The same --id goes on where it was. */
export async function score(cli: Cli, given: string, options: ScoreOptions): Promise<number> {
  const request = readRequest(given, options);
  const job = `${request.model}/score/${readUsage(batchId, options.id ?? randomUUID().slice(0, 13), "--id")}`;
  const settings = await cli.settings();
  await withStore(settings, async (store) => {
    await knownModel(store, request.model);
    const plan = await getPlan(store, job);
    if (plan !== null && keyOf(plan.request) !== keyOf(request)) throw new RelearnError("InvalidInput", `${job} was asked before to score ${plan.request.from} into ${plan.request.to}, in another way than now: give this batch another --id`);
  });
  const temporal = temporalLine(settings.temporal, ["workflow", "start"], { "workflow-id": job, type: "batchScoring", "task-queue": taskQueue, input: request });
  return withTemporal(settings, async (access) => {
    const runId = await start(access, job, request);
    if (options.detach === true) cli.give({ workflowId: job, runId, temporal }, `${job} was started`);
    cli.say(cli.style.dim(`same as: ${temporal}`));
    if (options.detach === true) return 0;
    const link = workflowLink(settings.temporal, job);
    cli.say(`${job}${link === null ? "" : `  ${cli.style.dim(link)}`}`);
    return followBatch(cli, access, job, temporal);
  });
}

function readRequest(given: string, { from, to, format, delimiter, keep, onBadRow, parallel }: ScoreOptions): BatchRequest {
  const { model, version } = readModel(given);
  const place = isS3Uri(from) || isAbsolute(from) ? from : `${resolve(from)}${from.endsWith("/") ? "/" : ""}`;
  return readUsage(batchRequest, {
    model, v: version === "champion" ? null : version, from: place, to, format, delimiter, onBadRow,
    ...(keep === undefined ? {} : { keep: keep === "all" || keep === "extras" ? keep : keep === "none" ? [] : keep.split(",").map((name) => name.trim()) }),
    ...(parallel === undefined ? {} : { parallel: Number(parallel) }),
  }, "the command line");
}

/** What is wrong with the words on the line is a matter of usage. */
function readUsage<S extends Parameters<typeof readAs>[0]>(schema: S, value: unknown, what: string): ReturnType<typeof readAs<S>> {
  try {
    return readAs(schema, value, what);
  } catch (error) {
    throw new RelearnError("Usage", (error as Error).message, { cause: error });
  }
}

/** Starts the job, or finds it: one that runs is followed, one that has ended well gives its result, one that failed goes on. @returns Temporal's run id */
async function start({ client, ...access }: TemporalAccess, workflowId: string, request: BatchRequest): Promise<string | null> {
  try {
    const handle = await inTime({ client, ...access }, `the start of ${workflowId}`, () => client.workflow.start("batchScoring", {
      workflowId, taskQueue, args: [request], workflowIdReusePolicy: "ALLOW_DUPLICATE_FAILED_ONLY", workflowIdConflictPolicy: "USE_EXISTING",
    }));
    return handle.firstExecutionRunId;
  } catch (error) {
    if ((error as Error).name === "WorkflowExecutionAlreadyStartedError") return null;
    throw error;
  }
}

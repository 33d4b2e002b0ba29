import { ApplicationFailure, condition, continueAsNew, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from "@temporalio/workflow";
import type { BatchEnd, ScoredCounts } from "../activities/contract.ts";
import { sliceSize, slicesARun } from "../policy/batch-slices.ts";
import { counted } from "../policy/counted.ts";
import { markdownText } from "../policy/markdown-text.ts";
import type { BatchRequestInput } from "../schemas/batch.ts";
import { heavyActivities } from "./activity-proxies.ts";
import { batchProgressQuery, type BatchProgress } from "./messages.ts";
import { now } from "./run-book.ts";
import { searchAttributes } from "./search-attributes.ts";

/** Where an execution before this one has come to. `next`: the first file that no step has taken. */
export interface BatchCarried { readonly progress: BatchProgress; readonly bytes: number; readonly next: number }

const usualParallel = 2;

/** Scores a data set by one version of a model, file by file, from S3 to S3. What each step has done is in the store: it begins again where it was. */
export async function batchScoring(request: BatchRequestInput, carried?: BatchCarried): Promise<BatchEnd> {
  if (typeof request?.model !== "string") throw ApplicationFailure.nonRetryable("batchScoring needs {model, from, to}", "InvalidInput");
  const heavy = heavyActivities();
  const job = workflowInfo().workflowId;
  const begun: BatchProgress = carried?.progress ?? { stage: "plan", v: null, digest: null, files: { done: 0, of: 0 }, rows: 0, skipped: 0, startedAt: now(), manifest: null };
  let progress = begun;
  const note = (change: Partial<BatchProgress>): void => {
    progress = { ...progress, ...change };
    if (change.stage !== undefined) upsertSearchAttributes([{ key: searchAttributes.stage, value: change.stage }]);
    setCurrentDetails(detailsOf(request, progress));
  };
  setHandler(batchProgressQuery, () => progress, { description: "How far it has come." });
  upsertSearchAttributes([{ key: searchAttributes.model, value: request.model }]);
  note({ stage: begun.stage });

  let bytes = carried?.bytes ?? 0;
  if (carried === undefined) {
    const planned = await heavy.planBatch({ job, request });
    bytes = planned.bytes;
    upsertSearchAttributes([{ key: searchAttributes.version, value: planned.v }]);
    note({ stage: "score", v: planned.v, digest: planned.digest, files: { done: 0, of: planned.files } });
  }
  const add = ({ files, rows, skipped }: ScoredCounts): void => note({ files: { ...progress.files, done: progress.files.done + files }, rows: progress.rows + rows, skipped: progress.skipped + skipped });
  const next = await scoreSlices({ parallel: request.parallel ?? usualParallel, files: progress.files.of, bytes, first: carried?.next ?? 0 }, async (first, count) => add(await heavy.scoreFiles({ job, first, count })));
  if (next < progress.files.of) return continueAsNew<typeof batchScoring>(request, { progress, bytes, next });
  note({ stage: "finish" });
  const end = await heavy.finishBatch({ job });
  note({ stage: "done", manifest: end.manifest });
  return end;
}

interface Slices { readonly parallel: number; readonly files: number; readonly bytes: number; readonly first: number }

/** Runs slice after slice, some at a time, until all files or this execution's share of slices are done. @returns the first file that no slice has taken. */
async function scoreSlices({ parallel, files, bytes, first }: Slices, score: (first: number, count: number) => Promise<void>): Promise<number> {
  const size = sliceSize({ files, bytes, parallel });
  let [next, underWay, slices] = [first, 0, 0];
  const failures: unknown[] = [];
  while (next < files && slices < slicesARun && failures.length === 0) {
    void score(next, size).catch((error: unknown) => failures.push(error)).finally(() => underWay--);
    [next, underWay, slices] = [next + size, underWay + 1, slices + 1];
    await condition(() => underWay < parallel || failures.length > 0);
  }
  await condition(() => underWay === 0 || failures.length > 0);
  if (failures.length > 0) throw failures[0];
  return next;
}

function detailsOf({ from, to }: BatchRequestInput, { stage, v, digest, files, rows, skipped, manifest }: BatchProgress): string {
  const version = v === null ? "" : ` by version ${v}, model \`${digest?.slice(0, 12)}\``;
  const left = skipped === 0 ? "" : `, and **${skipped} skipped**`;
  const counts = files.of === 0 ? "" : `\n\n${files.done} of ${counted(files.of, "file")}, ${counted(rows, "row")}${left}`;
  return `**${stage}**: ${markdownText(String(from))} to ${markdownText(String(to))}${version}${counts}${manifest === null ? "" : `\n\nAll of it: ${markdownText(manifest)}`}`;
}

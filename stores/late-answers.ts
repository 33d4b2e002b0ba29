import type { RecordedAnswer } from "../schemas/approval.ts";
import { RelearnError } from "../schemas/failures.ts";
import { runRecord, type RunRecord } from "../schemas/run.ts";
import { canonicalBytes } from "./canonical.ts";
import { parseDocument } from "./documents.ts";
import type { ObjectStore } from "./object-store.ts";
import { runKey } from "./runs.ts";

/** As many as a waiting run keeps of answers that do not count: the record stays readable whoever goes on answering. */
export const mostAnswers = 200;
const tries = 10;

/**
 * Puts an answer that came after its run's end on the run's record, as refused: no workflow is left to do it. Answers that come at
 * once are all kept.
 * @returns false where the record holds too many answers already
 * @throws RelearnError `NotFound` when there is no such record, `StoreUnavailable` when others keep writing it
 */
export async function recordLateAnswer(store: ObjectStore, run: Pick<RunRecord, "pipeline" | "run" | "startedAt">, answer: RecordedAnswer): Promise<boolean> {
  const key = runKey(run);
  for (let left = tries; left > 0; left--) {
    const found = await store.get(key);
    if (found === null) throw new RelearnError("NotFound", `there is no record of ${run.run} at s3://${store.bucket}/${key}`);
    const record = parseDocument(store, key, runRecord, found.body);
    if (record.answers.length >= mostAnswers) return false;
    // The time moves on, so that a late retry of the run's own last write does not take the answer away again.
    const next: RunRecord = { ...record, updatedAt: answer.at > record.updatedAt ? answer.at : record.updatedAt, answers: [...record.answers, answer] };
    if ((await store.put(key, canonicalBytes(next), { ifMatch: found.etag, contentType: "application/json" })).outcome === "stored") return true;
  }
  throw new RelearnError("StoreUnavailable", `s3://${store.bucket}/${key} was written by others ${tries} times in a row; try again`);
}

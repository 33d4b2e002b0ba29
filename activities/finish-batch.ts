import { RelearnError } from "../schemas/failures.ts";
import { getScored, manifestName, outputFolder, putBatchManifest } from "../stores/batches.ts";
import { inParallel } from "../stores/parallel.ts";
import { parseS3Uri } from "../stores/s3-uri.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { countsOf, readPlan } from "./score-files.ts";
import { withHeartbeat } from "./support/heartbeat.ts";

/** Writes `_relearn.json` below the predictions: what was scored, by what, and all that came of it. Made of the job's records alone, so it is the same on every attempt. */
export function createFinishBatch(deps: Pick<Dependencies, "store" | "openBucket">): Activities["finishBatch"] {
  return ({ job }) => withHeartbeat(async ({ signal }) => {
    const { v, file, request, files: planned, plannedAt } = await readPlan(deps, job, signal);
    const files = await inParallel(planned, 32, async ({ uri }, n) => {
      const scored = await getScored(deps.store, job, n, signal);
      if (scored === null) throw new RelearnError("Corrupt", `${uri} was scored for ${job}, and its record is gone from s3://${deps.store.bucket}`);
      return scored;
    });
    const counts = countsOf(files);
    const { bucket, key } = parseS3Uri(outputFolder(request.to));
    await putBatchManifest(deps.openBucket(bucket), key, { version: 1, job, model: request.model, v, digest: file.sha256, from: request.from, rows: counts.rows, skipped: counts.skipped, files, plannedAt }, signal);
    return { ...counts, manifest: `s3://${bucket}/${key}${manifestName}` };
  });
}

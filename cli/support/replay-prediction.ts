import { join } from "node:path";
import { inputOf } from "../../inference/signature.ts";
import { failureTypeOf } from "../../schemas/failures.ts";
import { withScoringChild } from "../../activities/scoring/scoring-child.ts";
import { downloadBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { parquetFiles, withDuckDb } from "../../tables/open-duckdb.ts";
import { id as name, quote } from "../../tables/quote.ts";
import type { FoundPrediction } from "./find-prediction.ts";

/** What came of asking the same model the same again. `why`: it could not be asked, or not be compared. */
export type Replay = { readonly same: boolean; readonly largest: number; readonly why: null } | { readonly same: null; readonly largest: null; readonly why: string };

/** Largest difference, relative to max(1, |v|), that still is the same answer: rows that were asked together then are asked alone now. */
const tolerance = 1e-6;

/** Runs the stored model of a prediction's version on the stored input, in a process of its own, and compares. */
export async function replayPrediction(store: ObjectStore, folder: string, id: string, found: FoundPrediction): Promise<Replay> {
  const { contract, error, file } = found;
  const cannot = (why: string): Replay => ({ same: null, largest: null, why });
  if (error !== null) return cannot(`it had no answer: it failed with ${error}`);
  if (contract.withheld.length > 0) return cannot(`values of private columns were not kept: ${contract.withheld.join(", ")}`);
  const version = await openRegistry(store, contract.model).version(contract.v);
  if (version === null || version.model.sha256 !== contract.digest) return cannot(`version ${contract.v} is not the model that answered: that was ${contract.digest.slice(0, 12)}, the log has ${version?.model.sha256.slice(0, 12) ?? "none"}`);

  const [model, sample, predictions] = ["model.onnx", "sample.parquet", "predictions.parquet"].map((one) => join(folder, `v${contract.v}-${found.variant}-${one}`)) as [string, string, string];
  await downloadBlob(store, version.model, model);
  const classes = contract.classes?.length ?? 1;
  const answers = contract.task === "regression" ? ["value"] : Array.from({ length: classes }, (_, k) => `score[${k + 1}] as score_${k}`);
  await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => {
    const from = `from ${parquetFiles([file])} where prediction_id = ${quote(id)} and variant = ${quote(found.variant)} and error is null order by "row"`;
    await connection.run(`copy (select ${contract.columns.map((one) => `${name(`in_${one.name}`)} as ${name(inputOf(one).name)}`).join(", ")} ${from}) to ${quote(sample)} (format parquet)`);
    await connection.run(`copy (select ${answers.join(", ")} ${from}) to ${quote(predictions)} (format parquet)`);
  });
  try {
    return await withScoringChild({ files: [sample, predictions], timezone: "UTC", threads: 1, sql: [] }, { scratch: folder }, async (child) => {
      await child.ask({ op: "load", model: { path: model, sha256: contract.digest, columns: contract.columns, classes: contract.classes }, task: contract.task });
      const { largest, why } = await child.ask({ op: "parity", sample, predictions, tolerance });
      return largest === null ? cannot(why ?? "it could not be compared") : { same: largest <= tolerance, largest, why: null };
    });
  } catch (failure) {
    const type = failureTypeOf(failure);
    if (type === "ModelRefused" || type === "InferenceLimit" || type === "Corrupt") return cannot((failure as Error).message);
    throw failure;
  }
}

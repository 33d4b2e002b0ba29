import { join } from "node:path";
import { readJson } from "../../schemas/boundary.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { predictionKey } from "../../schemas/prediction-key.ts";
import { type SpooledContract, spooledContract } from "../../schemas/spooled.ts";
import { getDocument } from "../../stores/documents.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { issuedAt, predictionIds } from "../../stores/prediction-ids.ts";
import { predictionKeyObject } from "../../stores/prediction-key.ts";
import { predictionFiles } from "../../stores/prediction-keys.ts";
import { listModels } from "../../stores/runs.ts";
import { parquetFiles, withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";
import { checkFormat } from "../../tables/read-predictions.ts";

/** What the log holds of one prediction: of each version that was asked, one. */
export interface FoundPrediction {
  /** Local copy of the Parquet file that holds it. */
  readonly file: string;
  readonly contract: SpooledContract;
  readonly variant: string;
  readonly error: string | null;
  /** Event time, milliseconds since 1970. */
  readonly at: number;
  readonly rows: number;
}

/** How far a prediction's event time may lie from when its id was issued, where its caller did not set it. */
const nearMs = 60_000;

/**
 * The model that issued a prediction id.
 * @throws RelearnError `Usage` for what is no such id, `NotFound` for one that was not issued by this bucket's servers.
 */
export async function modelOf(store: ObjectStore, id: string): Promise<string> {
  if (issuedAt(id) === null) throw new RelearnError("Usage", `${JSON.stringify(id.slice(0, 80))} is no prediction id; every answer carries one, as prediction_id`);
  const key = await getDocument(store, predictionKeyObject, predictionKey);
  const ids = key === null ? null : predictionIds(Buffer.from(key.key, "base64"));
  const model = ids === null ? undefined : (await listModels(store)).find((name) => ids.issued(id, name));
  if (model === undefined) throw new RelearnError("NotFound", `no model of this bucket issued the prediction id ${id}`);
  return model;
}

/**
 * Looks for a prediction in the hours around its time; copies of the files that hold it stay in `folder`.
 * @param at event time, where its caller set one.
 * @throws RelearnError `NotFound` where the log does not hold it, `Corrupt` where a file cannot be read.
 */
export async function findPrediction(store: ObjectStore, folder: string, model: string, id: string, at: string | null): Promise<readonly FoundPrediction[]> {
  const time = at === null ? issuedAt(id)! : Date.parse(at);
  const window = { from: new Date(time - nearMs).toISOString(), to: new Date(time + nearMs).toISOString() };
  const files = await inParallel(await predictionFiles(store, model, window), 8, async ({ key }, i) => {
    const path = join(folder, `${i}.parquet`);
    await store.download(key, path);
    return path;
  });
  const found = files.length === 0 ? [] : await withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => {
    await checkFormat(connection, files);
    const contracts = new Map((await connection.runAndReadAll(`select file_name, decode(value) from parquet_kv_metadata([${files.map(quote).join(", ")}]) where decode(key) = 'relearn_contract'`)).getRows().map(([file, text]) => [String(file), String(text)]));
    const rows = await connection.runAndReadAll(`select filename, variant, error, epoch_ms(min("at"))::double as at, count(*)::integer as n from ${parquetFiles(files, ", union_by_name = true, hive_partitioning = false, filename = true")} where prediction_id = ${quote(id)} group by filename, variant, error order by variant`);
    return rows.getRows().map(([file, variant, error, when, n]) => ({
      file: String(file), variant: String(variant), error: error === null ? null : String(error as string), at: Number(when), rows: Number(n),
      contract: readJson(spooledContract, contracts.get(String(file)) ?? "", "the contract in a prediction log"),
    }));
  });
  if (found.length > 0) return found;
  throw new RelearnError("NotFound", `the log of ${model} holds no prediction ${id} within a minute of ${new Date(time).toISOString()}. A server ships what it answered after half a minute, once S3 takes it; where the caller gave an event time of its own, say it: --at <time>`);
}

import { feedbackKey, predictionKey } from "../../stores/prediction-keys.ts";
import { parquetOf } from "../support/parquet-of.ts";
import { openStage, type Stage } from "./ingest-stage.ts";

/** A row of the log, or what of it is not as usual. */
export interface Asked { readonly id: string; readonly at: string; readonly kind?: string; readonly length?: number; readonly consent?: boolean | null; readonly variant?: string; readonly error?: string; readonly extras?: Readonly<Record<string, unknown>>; readonly score?: number }
export interface Said { readonly id: string; readonly label: string; readonly received: string; readonly at?: string; readonly row?: number; readonly source?: string | null }

export interface PredictionsStage extends Stage {
  /** Puts one object of the prediction log, under a name of its own, for each hour that the rows are of. */
  asked(name: string, rows: readonly Asked[]): Promise<void>;
  /** Puts one object of feedback for each day on which the labels were received; one that names no source is as it was before sources were noted. */
  said(name: string, labels: readonly Said[]): Promise<void>;
}

function groupsOf<T>(all: readonly T[], of: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  return new Map([...new Set(all.map(of))].map((group) => [group, all.filter((one) => of(one) === group)]));
}

const askedColumns = {
  prediction_id: "varchar", row: "integer", at: "timestamptz", v: "integer", digest: "varchar", variant: "varchar", latency_ms: "float", error: "varchar", consent: "boolean", extras: "varchar",
  label: "varchar", score: "double[]", value: "double", in_kind: "varchar", in_length: "float",
};
const askedRow = ({ id, at, kind = "bus", length = 1, consent = null, variant = "champion", error, extras, score = 0.25 }: Asked) => ({
  prediction_id: id, row: 0, at, v: 1, digest: "a".repeat(64), variant, latency_ms: 1, error, consent, extras: extras && JSON.stringify(extras), label: score > 0.5 ? "1" : "0", score: [1 - score, score], in_kind: kind, in_length: length,
});
const saidColumns = (labels: readonly Said[]) => ({
  prediction_id: "varchar", row: "integer", label: "varchar", value: "double", at: "timestamptz", received_at: "timestamptz", ...(labels.every(({ source }) => source === undefined) ? {} : { source: "varchar" }),
});
const saidRow = ({ id, label, received, at, row = 0, source }: Said) => ({ prediction_id: id, row, label, at, received_at: received, source });

/** An ingest's stage whose model `trips` has been asked things. */
export async function openPredictionsStage(): Promise<PredictionsStage> {
  const stage = await openStage();
  const parquet = (columns: Readonly<Record<string, string>>, rows: readonly object[]) => parquetOf(stage.folder, columns, rows, ", kv_metadata {relearn_format: '1'}");
  return {
    ...stage,
    asked: async (name, rows) => {
      for (const [hour, own] of groupsOf(rows, ({ at }) => at.slice(0, 13))) await stage.deps.store.put(predictionKey("trips", Date.parse(`${hour}:00:00Z`), name), await parquet(askedColumns, own.map(askedRow)));
    },
    said: async (name, labels) => {
      for (const [day, own] of groupsOf(labels, ({ received }) => received.slice(0, 10))) await stage.deps.store.put(feedbackKey("trips", Date.parse(day), name), await parquet(saidColumns(own), own.map(saidRow)));
    },
  };
}

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { feedbackKey, predictionKey } from "../../stores/prediction-keys.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";
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

const text = (value: string | undefined) => (value === undefined ? "null::varchar" : quote(value));

function groupsOf<T>(all: readonly T[], of: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  return new Map([...new Set(all.map(of))].map((group) => [group, all.filter((one) => of(one) === group)]));
}

/** An ingest's stage whose model `trips` has been asked things. */
export async function openPredictionsStage(): Promise<PredictionsStage> {
  const stage = await openStage();
  const parquet = (selects: readonly string[]) => withDuckDb({ spill: join(stage.folder, "spill"), timezone: "UTC" }, async (connection) => {
    const path = join(stage.folder, "made.parquet");
    await connection.run(`copy (${selects.join(" union all ")}) to ${quote(path)} (format parquet, kv_metadata {relearn_format: '1'})`);
    return readFile(path);
  });
  const rowOf = ({ id, at, kind = "bus", length = 1, consent = null, variant = "champion", error, extras, score = 0.25 }: Asked) =>
    `select ${quote(id)} as prediction_id, 0 as "row", ${quote(at)}::timestamptz as "at", 1::integer as v, '${"a".repeat(64)}' as digest, ${quote(variant)} as variant, 1::float as latency_ms, ${text(error)} as error, ${consent === null ? "null" : consent}::boolean as consent,
     ${extras === undefined ? "null::varchar" : quote(JSON.stringify(extras))} as extras, '0' as label, [${1 - score}, ${score}]::double[] as score, null::double as value, ${quote(kind)} as in_kind, ${length}::float as in_length`;
  const labelOf = ({ id, label, received, at, row = 0, source }: Said) =>
    `select ${quote(id)} as prediction_id, ${row}::integer as "row", ${quote(label)} as label, null::double as value, ${at === undefined ? "null" : quote(at)}::timestamptz as "at", ${quote(received)}::timestamptz as received_at${source === undefined ? "" : `, ${text(source ?? undefined)} as source`}`;
  return {
    ...stage,
    asked: async (name, rows) => {
      for (const [hour, own] of groupsOf(rows, ({ at }) => at.slice(0, 13))) await stage.deps.store.put(predictionKey("trips", Date.parse(`${hour}:00:00Z`), name), await parquet(own.map(rowOf)));
    },
    said: async (name, labels) => {
      for (const [day, own] of groupsOf(labels, ({ received }) => received.slice(0, 10))) await stage.deps.store.put(feedbackKey("trips", Date.parse(day), name), await parquet(own.map(labelOf)));
    },
  };
}

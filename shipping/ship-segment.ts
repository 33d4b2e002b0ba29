import type { DuckDBConnection } from "@duckdb/node-api";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "../schemas/boundary.ts";
import { RelearnError } from "../schemas/failures.ts";
import { type FeedbackRecord, feedbackRecord } from "../schemas/feedback.ts";
import type { Shipped, SpooledSegment } from "../schemas/shipping.ts";
import { predictionFormat, type SpooledContract, spooledContract } from "../schemas/spooled.ts";
import { sha256Hex } from "../stores/canonical.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { feedbackKey, predictionKey } from "../stores/prediction-keys.ts";
import { type Entry, entryKinds, readSegment } from "../stores/spool-frames.ts";
import type { PlainColumn } from "../tables/plain-parquet.ts";
import { writeParquet, type WrittenColumn } from "../tables/write-parquet.ts";
import { type GatheredPredictions, gatherPredictions, headOf } from "./gather-predictions.ts";
import { addDouble, addInt32, addText, filled, growing } from "./growing.ts";
import { predictionColumns } from "./prediction-columns.ts";

/**
 * From how many objects on a segment's are looked for before they are made: replays of the past spread over so many hours that one try may be cut off,
 * and the next one is to go on where that ended.
 */
const lookFrom = 16;

interface Part {
  readonly key: string;
  readonly given: readonly PlainColumn[];
  readonly rows: number;
  readonly columns: readonly WrittenColumn[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Turns a complete segment into Parquet objects and deletes it once all of them are stored. Their names come from the segment's own bytes, so that a
 * second try, by anyone, finds them there: each record is in the bucket exactly once.
 */
export async function shipSegment(store: ObjectStore, connection: DuckDBConnection, scratch: string, segment: SpooledSegment): Promise<Shipped> {
  const bytes = await readFile(segment.path);
  const { entries, damaged } = readSegment(bytes);
  const name = sha256Hex(bytes).slice(0, 32);
  const parts = segment.kind === "feedback" ? feedbackParts(segment.model, name, entries) : predictionParts(segment.model, name, entries);
  const folder = await mkdtemp(join(scratch, "ship-"));
  try {
    for (const [i, { key, given, rows, columns, metadata }] of parts.entries()) {
      if (parts.length > lookFrom && (await store.head(key)) !== null) continue;
      const file = join(folder, `${i}.parquet`);
      await writeParquet(connection, given, rows, columns, file, metadata);
      const { outcome } = await store.upload(key, file, { ifNoneMatch: "*" });
      if (outcome === "conflict") throw new RelearnError("StoreUnavailable", `s3://${store.bucket}/${key} is being written by another process; try again`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await (damaged === 0 ? rm(segment.path, { force: true }) : rename(segment.path, `${segment.path}.damaged`));
  return { path: segment.path, records: entries.filter(({ kind }) => kind !== entryKinds.contract).length, objects: parts.map(({ key }) => key), damaged };
}

const hourMs = 3_600_000;
interface Group { readonly key: string; readonly contract: SpooledContract; readonly gathered: GatheredPredictions }

/** One object an hour and contract. A contract that a server loaded twice is one. */
function predictionParts(model: string, name: string, entries: readonly Entry[]): Part[] {
  const contracts = new Map<number, { readonly contract: SpooledContract; readonly ordinal: number }>();
  const texts: string[] = [];
  const groups = new Map<string, Group>();
  for (const { kind, body } of entries) {
    if (kind === entryKinds.contract) {
      const { index, contract } = JSON.parse(body.toString("utf8")) as { index: number; contract: unknown };
      const text = JSON.stringify(contract);
      if (!texts.includes(text)) texts.push(text);
      contracts.set(index, { contract: readJson(spooledContract, text, "a contract in the spool"), ordinal: texts.indexOf(text) });
    } else {
      const { contract, at } = headOf(body);
      const found = contracts.get(contract);
      if (found === undefined) throw new RelearnError("Corrupt", `a spooled prediction of ${model} names a contract that its segment does not hold`);
      const hour = `${Math.floor(at / hourMs)} ${found.ordinal}`;
      const group = groups.get(hour) ?? { key: predictionKey(model, at, `${name}-${found.ordinal}`), contract: found.contract, gathered: gatherPredictions(found.contract) };
      group.gathered.add(body);
      groups.set(hour, group);
    }
  }
  return [...groups.values()].map(({ key, contract, gathered }) => ({ key, given: gathered.columns(), rows: gathered.rows(), columns: predictionColumns(contract), metadata: { relearn_format: String(predictionFormat), relearn_contract: JSON.stringify(contract) } }));
}

function feedbackParts(model: string, name: string, entries: readonly Entry[]): Part[] {
  const records = entries.map(({ body }) => readJson(feedbackRecord, body.toString("utf8"), "feedback in the spool"));
  const byKey = new Map<string, FeedbackRecord[]>();
  for (const record of records) {
    const key = feedbackKey(model, Date.parse(record.received_at), name);
    const group = byKey.get(key) ?? [];
    group.push(record);
    byKey.set(key, group);
  }
  return [...byKey].map(([key, group]) => ({ key, given: feedbackValues(group), rows: group.length, columns: feedbackColumns, metadata: { relearn_format: "1" } }));
}

function feedbackValues(records: readonly FeedbackRecord[]): PlainColumn[] {
  const texts = (name: string, of: (one: FeedbackRecord) => string | null): PlainColumn => {
    const into = growing();
    for (const one of records) addText(into, of(one) ?? "");
    return { name, type: "text", bytes: filled(into) };
  };
  const [row, value] = [growing(), growing()];
  for (const one of records) {
    addInt32(row, one.row);
    addDouble(value, one.value ?? NaN);
  }
  return [
    texts("prediction_id", (one) => one.prediction_id), { name: "row", type: "int32", bytes: filled(row) }, texts("label", ({ label }) => label),
    { name: "value", type: "double", bytes: filled(value) }, texts("at", ({ at }) => at), texts("received_at", (one) => one.received_at), texts("source", ({ source }) => source),
  ];
}

const feedbackColumns: readonly WrittenColumn[] = [
  { name: "prediction_id", sql: "prediction_id" }, { name: "row", sql: `"row"` }, { name: "label", sql: "case when isnan(value) then label end" }, { name: "value", sql: "case when not isnan(value) then value end" },
  { name: "at", sql: `nullif("at", '')::timestamptz` }, { name: "received_at", sql: "received_at::timestamptz" }, { name: "source", sql: "nullif(source, '')" },
];

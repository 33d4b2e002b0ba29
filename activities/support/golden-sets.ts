import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { partitionUnit } from "../../schemas/definition.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { Ingested, LandingRecord, PreparedRecord } from "../../schemas/dataset.ts";
import { canonicalBytes, sha256Hex } from "../../stores/canonical.ts";
import { getPreparedRecord, putPreparedRecord } from "../../stores/datasets.ts";
import { inParallel } from "../../stores/parallel.ts";
import { prepareContract, prepareGolden } from "../../tables/prepare.ts";
import type { Dependencies } from "../dependencies.ts";
import type { LazySandbox } from "./lazy-sandbox.ts";
import { placeBlob } from "./local-blobs.ts";
import { withoutCopies } from "./check-landed.ts";
import type { Pulse } from "./heartbeat.ts";
import { landSource } from "./land-source.ts";
import { uploads } from "./uploads.ts";

interface GoldenWork {
  readonly deps: Dependencies;
  readonly definition: Definition;
  readonly folder: string;
  readonly sandbox: LazySandbox;
  readonly pulse: Pulse;
  readonly pipeline: string;
  readonly asOf: string;
}

export interface GoldenSets {
  readonly sets: Ingested["golden"];
  readonly files: readonly LandingRecord[];
  readonly notes: readonly string[];
  readonly reasons: readonly string[];
  readonly read: number;
}

type OneSet = { readonly set: Ingested["golden"][string] | null; readonly files: readonly LandingRecord[]; readonly notes: readonly string[]; readonly reasons: readonly string[]; readonly read: number };

/** A golden set is of no time; its record has the shape of a partition's. */
const noSpan = { name: "1970-01-01", from: "1970-01-01T00:00:00Z", to: "1970-01-02T00:00:00Z" };

/** Fixed row sets, every file of each: their rows hold the prepared columns already, so `prepare` does not run on them. */
export async function prepareGoldenSets(work: GoldenWork): Promise<GoldenSets> {
  const done: (OneSet & { readonly name: string })[] = [];
  for (const name of Object.keys(work.definition.golden)) done.push({ name, ...(await prepareOne(work, name)) });
  return {
    sets: Object.fromEntries(done.flatMap(({ name, set }) => (set === null ? [] : [[name, set] as const]))),
    files: done.flatMap(({ files }) => files),
    notes: done.flatMap(({ notes }) => notes),
    reasons: done.flatMap(({ reasons }) => reasons),
    read: done.reduce((sum, { read }) => sum + read, 0),
  };
}

async function prepareOne(work: GoldenWork, name: string): Promise<OneSet> {
  const { deps, definition, folder, sandbox, pulse, pipeline, asOf } = work;
  const source = definition.golden[name]!;
  const reading = { pipeline, name, source, zone: definition.timezone, unit: partitionUnit(definition) };
  const landed = await landSource({ deps, reading, need: { name: `golden set ${name}`, source, asOf, window: { from: asOf, to: asOf }, from: asOf }, sandbox, folder, pulse });
  const { kept, notes } = withoutCopies(landed.landed);
  const files = kept.map(({ record }) => record);
  if (landed.reasons.length > 0) return { set: null, files, notes, reasons: landed.reasons, read: landed.read };
  const pieces = files.flatMap((record) => record.pieces.map(({ blob, partition }) => ({ record, blob, partition })));
  const id = sha256Hex(canonicalBytes({ golden: name, source: { format: source.format, time: source.time }, contract: prepareContract(definition), inputs: pieces.map(({ blob, record }) => [blob.sha256, record.uri]) }));
  const known = await getPreparedRecord(deps.store, pipeline, id, pulse.signal);
  const made = known ?? (await make());
  const { blob, rows, duplicates } = made.partition;
  return { set: { blob, rows, duplicates }, files, notes: [...notes, ...made.notes], reasons: [], read: landed.read };

  async function make() {
    const place = join(folder, `golden-${name}`);
    await mkdir(place, { recursive: true });
    const local = await inParallel(pieces, 32, async ({ blob, record, partition }, i) => {
      const path = join(place, `${i}.parquet`);
      await placeBlob(deps, blob, path, pulse.signal);
      return { path, uri: record.uri, partition, columns: record.columns };
    });
    const file = await prepareGolden(await sandbox.open(), definition, name, source, local, place);
    const upload = uploads(deps, pulse.signal);
    const { stored } = await upload.add(file.path);
    const record: PreparedRecord = { version: 1, partition: { ...noSpan, blob: await stored, rows: file.rows, duplicates: file.duplicates }, notes: [...file.notes] };
    await putPreparedRecord(deps.store, pipeline, id, record, pulse.signal);
    return record;
  }
}

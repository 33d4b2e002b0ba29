import type { Ingested } from "../../schemas/dataset.ts";
import { openLanding } from "../../stores/landing.ts";
import { inParallel } from "../../stores/parallel.ts";
import type { Dependencies } from "../dependencies.ts";
import type { LandedRecord } from "./check-landed.ts";
import type { Pulse } from "./heartbeat.ts";
import { knownRecord, landFile } from "./land-file.ts";
import type { Landed, Reading } from "./land-file.ts";
import { type LazySandbox, prepareLanes } from "./lazy-sandbox.ts";
import { neededFiles } from "./needed-files.ts";
import type { Need } from "./needed-files.ts";

export interface LandedSource {
  /** Of a model's predictions: labels that are not trusted, and the rows that were left out for it. */
  readonly distrusted?: NonNullable<Ingested["distrusted"]>;
  readonly landed: readonly LandedRecord[];
  /** Why the run must wait. */
  readonly reasons: readonly string[];
  /** Files that were parsed now. */
  readonly read: number;
}

export interface LandSource {
  readonly deps: Dependencies;
  readonly reading: Reading;
  readonly need: Need;
  readonly sandbox: LazySandbox;
  readonly folder: string;
  readonly pulse: Pulse;
}

/** Records every file a source must give, reading those that are new. */
export async function landSource({ deps, reading, need, sandbox, folder, pulse }: LandSource): Promise<LandedSource> {
  const landing = openLanding(reading.source, { timezone: reading.zone, openBucket: deps.openBucket, base: "/" });
  const { files, reasons } = neededFiles(need, await landing.list({ from: need.from, to: need.window.to }, pulse.signal));
  const known = await inParallel(files, 32, (file) => knownRecord(deps, reading, file, pulse.signal));
  const outcomes = await inParallel(files, prepareLanes, async (file, i): Promise<Landed> => {
    const record = known[i];
    if (record !== null && record !== undefined) return { status: "landed", record, read: false };
    pulse.beat({ step: "read", file: file.uri });
    return landFile(deps, sandbox, reading, landing, file, folder, pulse.signal);
  });
  const landed = outcomes.flatMap((outcome, i) => (outcome.status === "landed" ? [{ file: files[i]!, record: outcome.record }] : []));
  const halfWritten = outcomes.flatMap((outcome) => (outcome.status === "half-written" ? [outcome.reason] : []));
  return { landed, reasons: [...reasons, ...halfWritten], read: outcomes.filter((outcome) => outcome.status === "landed" && outcome.read).length };
}

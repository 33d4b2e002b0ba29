import { openLanding } from "../../stores/landing.ts";
import { inParallel } from "../../stores/parallel.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import type { Dependencies } from "../dependencies.ts";
import type { LandedRecord } from "./check-landed.ts";
import type { Pulse } from "./heartbeat.ts";
import { knownRecord, landFile } from "./land-file.ts";
import type { Reading } from "./land-file.ts";
import { neededFiles } from "./needed-files.ts";
import type { Need } from "./needed-files.ts";

export interface LandedSource {
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
  readonly sandbox: () => Promise<Sandbox>;
  readonly folder: string;
  readonly pulse: Pulse;
}

/** Records every file a source must give, reading those that are new. */
export async function landSource({ deps, reading, need, sandbox, folder, pulse }: LandSource): Promise<LandedSource> {
  const landing = openLanding(reading.source, { timezone: reading.zone, openBucket: deps.openBucket, base: "/" });
  const { files, reasons } = neededFiles(need, await landing.list({ from: need.from, to: need.window.to }, pulse.signal));
  const known = await inParallel(files, 32, (file) => knownRecord(deps, reading, file, pulse.signal));
  const landed: LandedRecord[] = [];
  const held = [...reasons];
  let read = 0;
  for (const [i, file] of files.entries()) {
    const record = known[i];
    if (record !== null && record !== undefined) {
      landed.push({ file, record });
      continue;
    }
    pulse.beat({ step: "read", file: file.uri });
    const outcome = await landFile(deps, await sandbox(), reading, landing, file, folder, pulse.signal);
    if (outcome.status === "half-written") {
      held.push(outcome.reason);
      continue;
    }
    landed.push({ file, record: outcome.record });
    read += outcome.read ? 1 : 0;
  }
  return { landed, reasons: held, read };
}

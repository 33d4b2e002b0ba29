import { floorTo, spansOf, templateUnit } from "../../schemas/calendar.ts";
import { partitionUnit } from "../../schemas/definition.ts";
import type { Definition } from "../../schemas/definition.ts";
import { failureTypeOf } from "../../schemas/failures.ts";
import type { LandedSource } from "../../schemas/source.ts";
import { openLanding } from "../../stores/landing.ts";
import { nextPredictionHour } from "../../stores/prediction-times.ts";
import { primarySource } from "../../tables/prepared-columns.ts";
import type { Dependencies } from "../dependencies.ts";
import { withHeartbeat } from "./heartbeat.ts";
import { landSource } from "./land-source.ts";
import { inWorkFolder } from "./work-folder.ts";

/**
 * Start of the primary source's data, a UTC instant, or null when nothing has landed. A time template says it by its first file;
 * files under a prefix are read (once: what they hold is recorded for `ingest`), and only where `train: "all"` must know.
 */
export async function earliestData(deps: Dependencies, definition: Definition): Promise<string | null> {
  const source = definition.sources[primarySource(definition)]!;
  if (source.format === "predictions") return earliestPrediction(deps, source.model ?? definition.name);
  if (templateUnit(source.uri) === null) return definition.windows.train === "all" ? earliestRow(deps, definition, source) : null;
  return openLanding(source, { timezone: definition.timezone, openBucket: deps.openBucket, base: "/" }).earliest();
}

async function earliestPrediction(deps: Dependencies, model: string): Promise<string | null> {
  const hour = await nextPredictionHour(deps.store, model, 0);
  return hour === null ? null : new Date(hour).toISOString();
}

async function earliestRow(deps: Dependencies, definition: Definition, source: LandedSource): Promise<string | null> {
  const name = primarySource(definition);
  const zone = definition.timezone;
  const reading = { pipeline: definition.name, name, source, zone, unit: partitionUnit(definition) };
  const now = deps.now();
  const need = { name, source: reading.source, asOf: now, window: { from: now, to: now }, from: now };
  try {
    const { landed } = await withHeartbeat((pulse) => inWorkFolder(deps.scratch, { timezone: zone, signal: pulse.signal }, (place) => landSource({ deps, reading, need, ...place, pulse })));
    const first = landed.flatMap(({ record }) => record.pieces.map(({ partition }) => partition)).sort()[0];
    return first === undefined ? null : partitionStart(first, zone);
  } catch (error) {
    if (!dataFailures.has(failureTypeOf(error) ?? "")) throw error;
    return null;
  }
}

/** A file that cannot be read stops the run in `ingest`, where it is named and recorded, not the planning of it. */
const dataFailures = new Set<string>(["DataRefused", "DataHeld"]);

function partitionStart(name: string, zone: string): string {
  const day = name.slice(0, 10);
  const noon = Date.parse(`${day}T12:00:00Z`);
  const near = (hours: number) => floorTo("day", new Date(noon + hours * 3_600_000).toISOString(), zone);
  return spansOf(name.length > 10 ? "hour" : "day", { from: near(-36), to: near(60) }, zone).find((span) => span.name === name)?.from ?? `${day}T00:00:00Z`;
}

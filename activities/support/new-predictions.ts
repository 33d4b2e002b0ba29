import { addDuration, type CalendarSpan, floorTo, spansOf } from "../../schemas/calendar.ts";
import type { Trigger } from "../../schemas/cause.ts";
import { partitionUnit } from "../../schemas/definition.ts";
import type { Definition } from "../../schemas/definition.ts";
import { failureTypeOf } from "../../schemas/failures.ts";
import type { BlobRef } from "../../schemas/names.ts";
import type { PredictionsSource } from "../../schemas/source.ts";
import { getLandingRecord } from "../../stores/datasets.ts";
import { keyOf } from "../../stores/documents.ts";
import { newestPredictionHour } from "../../stores/prediction-times.ts";
import type { Dependencies } from "../dependencies.ts";
import { askedPartitions } from "./asked-partitions.ts";
import { withHeartbeat } from "./heartbeat.ts";
import { labelsFor, type LandPredictions } from "./land-predictions.ts";
import { inWorkFolder } from "./work-folder.ts";

interface Asked {
  readonly pipeline: string;
  readonly ref: BlobRef;
  readonly definition: Definition;
  readonly name: string;
  readonly source: PredictionsSource;
}

/**
 * The newest partition of what a model was asked of which all labels are known, where it was never joined; as a cause. Labels that are said of it later start no
 * run by themselves: where a model is asked all day there are new ones every minute, nearly all of other rows.
 */
export async function newPredictions(deps: Dependencies, { pipeline, ref, definition, name, source }: Asked): Promise<Trigger | null> {
  const { timezone: zone, label } = definition;
  const unit = partitionUnit(definition);
  const model = source.model ?? definition.name;
  const mature = floorTo(unit, addDuration(deps.now(), label.arrives, zone, -1), zone);
  const hour = await newestPredictionHour(deps.store, model, null, Date.parse(mature) - 1);
  if (hour === null) return null;
  const from = floorTo(unit, new Date(hour).toISOString(), zone);
  const [span] = spansOf(unit, { from, to: addDuration(from, unit === "day" ? "P1D" : "PT1H", zone) }, zone);
  const asOf = new Date(addDuration(span!.to, label.arrives, zone)).toISOString();
  const id = await withHeartbeat((pulse) => inWorkFolder(deps.scratch, { timezone: zone, signal: pulse.signal }, (place) => unread({ deps, definition, pipeline, name, source, over: span!, asOf: deps.now(), ...place, pulse })));
  return id === null ? null : { pipeline, definition: ref, asOf, cause: { kind: "data", key: keyOf("predictions", model, id), by: null } };
}

/** What names the one partition of a window, where it was never joined and its labels are there. */
async function unread(work: LandPredictions): Promise<string | null> {
  const [partition] = await askedPartitions(work);
  if (partition === undefined || (await getLandingRecord(work.deps.store, work.pipeline, partition.askedId)) !== null) return null;
  return (await areLabelsThere(work, partition.span)) ? partition.askedId : null;
}

/** Files of labels may still have to land: they are looked for again. */
async function areLabelsThere(work: LandPredictions, span: CalendarSpan): Promise<boolean> {
  if (work.source.labels.from !== "files") return true;
  return labelsFor(work, [span]).then(() => true, (error: unknown) => {
    if (failureTypeOf(error) === "DataHeld") return false;
    throw error;
  });
}

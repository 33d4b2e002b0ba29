import { addDuration, floorTo, spansOf } from "../../schemas/calendar.ts";
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
import { withHeartbeat } from "./heartbeat.ts";
import { planPredictions } from "./land-predictions.ts";
import { inWorkFolder } from "./work-folder.ts";

interface Asked {
  readonly pipeline: string;
  readonly ref: BlobRef;
  readonly definition: Definition;
  readonly name: string;
  readonly source: PredictionsSource;
}

/** The newest partition of what a model was asked of which all labels are known, where it was never joined as it is now; as a cause. */
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
  const id = await withHeartbeat((pulse) => inWorkFolder(deps.scratch, { timezone: zone, signal: pulse.signal }, async (place) => {
    const plans = await planPredictions({ deps, definition, pipeline, name, source, over: span!, asOf: deps.now(), ...place, pulse }).catch(noneYet);
    return plans[0]?.id ?? null;
  }));
  if (id === null || (await getLandingRecord(deps.store, pipeline, id)) !== null) return null;
  return { pipeline, definition: ref, asOf, cause: { kind: "data", key: keyOf("predictions", model, id), by: null } };
}

/** Labels that are not all there yet are looked for again. */
function noneYet(error: unknown): [] {
  if (failureTypeOf(error) === "DataHeld") return [];
  throw error;
}

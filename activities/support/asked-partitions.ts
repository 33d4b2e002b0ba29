import { type CalendarSpan, spansOf } from "../../schemas/calendar.ts";
import { type Definition, partitionUnit } from "../../schemas/definition.ts";
import type { PredictionsSource } from "../../schemas/source.ts";
import type { Window } from "../../schemas/time.ts";
import { canonicalBytes, sha256Hex } from "../../stores/canonical.ts";
import type { ObjectInfo } from "../../stores/object-store.ts";
import { predictionsListed } from "../../stores/prediction-times.ts";
import { labelledContract } from "../../tables/labelled-rows-sql.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Pulse } from "./heartbeat.ts";

/** What a model was asked in one partition. */
export interface AskedPartition {
  readonly span: CalendarSpan;
  readonly asked: readonly ObjectInfo[];
  /** Another once more was asked, whatever was said. Its rows are kept under it too, as they were first joined. */
  readonly askedId: string;
}

interface Listing { readonly deps: Dependencies; readonly definition: Definition; readonly source: PredictionsSource; readonly over: Window; readonly pulse: Pulse }

const hourMs = 3_600_000;

/** What a model was asked, partition by partition, by one listing of the log. */
export async function askedPartitions({ deps, definition, source, over, pulse }: Listing): Promise<AskedPartition[]> {
  const model = source.model ?? definition.name;
  const objects: (ObjectInfo & { readonly hour: number })[] = [];
  for await (const found of predictionsListed(deps.store, model, Date.parse(over.from), Date.parse(over.to), pulse.signal)) objects.push(found);
  const contract = labelledContract(definition, source);
  return spansOf(partitionUnit(definition), over, definition.timezone).map((span) => {
    const asked = objects.filter(({ hour }) => hour + hourMs > Date.parse(span.from) && hour < Date.parse(span.to));
    return { span, asked, askedId: sha256Hex(canonicalBytes({ contract, model, span, asked: asked.map(({ key, etag }) => [key, etag]) })) };
  });
}

import { addDuration } from "../schemas/calendar.ts";
import { partitionUnit } from "../schemas/definition.ts";
import { definitionInForce } from "../stores/definition-in-force.ts";
import { keyOf } from "../stores/documents.ts";
import { type LandingFile, openLanding } from "../stores/landing.ts";
import { primarySource } from "../tables/prepared-columns.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { knownRecord } from "./support/land-file.ts";
import { newPredictions } from "./support/new-predictions.ts";
import { readDefinition } from "./support/read-definition.ts";

/** Files of older days come by a run of their own, or by a correction that a person knows of. */
const lookBackDays = 62;

/** The newest file of the primary source that has landed whole, has its labels, and was never read; or the newest such partition of predictions. As a cause. */
export function createNewData(deps: Dependencies): Activities["newData"] {
  return async ({ pipeline, definition: given }) => {
    const ref = given ?? (await definitionInForce(deps.store, pipeline));
    if (ref === null) return null;
    const definition = await readDefinition(deps.store, ref);
    const { timezone: zone, label } = definition;
    const name = primarySource(definition);
    const source = definition.sources[name]!;
    if (source.format === "predictions") return newPredictions(deps, { pipeline, ref, definition, name, source });
    const now = deps.now();
    const { files } = await openLanding(source, { timezone: zone, openBucket: deps.openBucket, base: "/" }).list({ from: addDuration(now, `P${lookBackDays}D`, zone, -1), to: now });
    const readyAt = ({ span }: LandingFile): string => (span === null ? now : addDuration(span.to, label.arrives, zone));
    const whole = files.filter((file) => (!source.success || file.success) && Date.parse(readyAt(file)) <= Date.parse(now));
    for (const file of whole.toReversed()) {
      const reading = { pipeline, name, source, zone, unit: partitionUnit(definition) };
      if ((await knownRecord(deps, reading, file)) !== null) return null;
      return { pipeline, definition: ref, asOf: new Date(readyAt(file)).toISOString(), cause: { kind: "data", key: keyOf(file.uri, file.bytes, file.etag), by: null } };
    }
    return null;
  };
}

import { RelearnError } from "../../../schemas/failures.ts";
import type { Threshold } from "../../../schemas/monitors.ts";
import type { ThresholdChange } from "../../../schemas/threshold-change.ts";
import { readName, readText } from "../../support/arguments.ts";
import type { Cli } from "../../support/cli.ts";
import { checkMetric } from "../../support/known-metric.ts";
import { askMonitoring, monitoringLine, servingManifest } from "../../support/monitoring.ts";
import { personOf } from "../../support/person.ts";
import { withStore } from "../../support/store.ts";
import { withTemporal } from "../../support/temporal.ts";
import { thresholdText } from "../../support/window-text.ts";

interface Options {
  readonly by?: string;
  readonly reason?: string;
}

/** Changes when a metric alarms, while it runs and for ever on the record. */
export async function set(cli: Cli, given: string, metric: string, written: readonly string[], options: Options): Promise<void> {
  const pipeline = readName(given, "pipeline");
  const input = { metric: readText("the metric", metric, 200), threshold: readThreshold(written), by: await personOf(options.by), ...(options.reason === undefined ? {} : { reason: readText("--reason", options.reason, 2_000) }) };
  const settings = await cli.settings();
  const definition = await withStore(settings, async (store) => {
    const serving = await servingManifest(store, pipeline);
    await checkMetric(store, pipeline, input.metric, Object.keys(serving.metrics));
    return serving.definition;
  });
  const change = await withTemporal(settings, (access) => askMonitoring<ThresholdChange>(access, pipeline, definition, "setThreshold", input));
  cli.give(change, `${change.metric} of ${pipeline} alarms ${thresholdText(change.threshold)} from the next window on (change ${change.n} on its record)`);
  cli.say(cli.style.dim(`same as: ${monitoringLine(settings.temporal, pipeline, "setThreshold", input)}\nnext:    relearn monitor status ${pipeline}`));
}

/** `above=0.3`, `below=0.6`, both, `auto`, `off`, or `definition`. @throws RelearnError `Usage` */
export function readThreshold(words: readonly string[]): Threshold | null {
  const usage = (): RelearnError => new RelearnError("Usage", `a threshold is above=NUMBER, below=NUMBER or both, auto, off, or definition (again as the definition has it), found ${JSON.stringify(words.join(" ").slice(0, 80))}`);
  const [first = ""] = words;
  if (words.length === 1 && (first === "auto" || first === "off")) return first;
  if (words.length === 1 && first === "definition") return null;
  const sides = words.map((word) => /^(above|below)=(-?\d+(\.\d+)?(e-?\d+)?)$/i.exec(word));
  if (sides.length === 0 || sides.some((side) => side === null) || new Set(sides.map((side) => side?.[1])).size !== sides.length) throw usage();
  return Object.fromEntries(sides.map((side) => [side?.[1]?.toLowerCase(), Number(side?.[2])])) as Threshold;
}

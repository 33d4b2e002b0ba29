import { createEvaluate } from "../../activities/evaluate.ts";
import { createIngest } from "../../activities/ingest.ts";
import { createValidate } from "../../activities/validate.ts";
import { createVersionEvidence } from "../../activities/version-evidence.ts";
import type { RunStep } from "../../activities/contract.ts";
import { renderTable } from "../../cli/support/table.ts";
import { closeWindows } from "../../policy/windows.ts";
import { readJson } from "../../schemas/boundary.ts";
import { definition as definitionSchema } from "../../schemas/definition.ts";
import { type Estimate, evaluation as evaluationSchema } from "../../schemas/evaluation.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { manifest as manifestSchema } from "../../schemas/manifest.ts";
import type { Settings } from "../../schemas/settings.ts";
import { getBlob, putJsonBlob } from "../../stores/blobs.ts";
import { openRegistry } from "../../stores/registry.ts";
import { connectTemporal, type Stores } from "../../workers/connect.ts";
import { openDependencies } from "../../workers/open-dependencies.ts";

/** April, in New York: the month after the second model was trained. */
const [from, asOf] = ["2013-01-01T05:00:00Z", "2013-05-01T16:00:00.000Z"];

/** What retraining was worth: the first version and the newest on the same flights of a month that neither has seen. */
export async function keptFresh(settings: Settings, stores: Stores): Promise<string> {
  const { client, close } = await connectTemporal(settings);
  try {
    const deps = await openDependencies(settings, stores, client.workflow);
    const versions = await openRegistry(stores.store, "flights").list();
    const [once, fresh] = [versions.at(0), versions.at(-1)];
    if (once === undefined || fresh === undefined) throw new RelearnError("NotFound", "flights has no versions to compare");
    const step = await monthStep(stores, fresh.manifest);
    const ingested = await createIngest(deps)(step);
    if (ingested.status !== "ready") throw new RelearnError("DataHeld", ingested.reasons.join("; "));
    const validated = await createValidate(deps)({ ...step, dataset: ingested.dataset, champion: null });
    if (validated.status !== "accepted") throw new RelearnError("DataRefused", validated.reasons.join("; "));
    const { trained } = await createVersionEvidence(deps)({ model: "flights", v: fresh.v });
    const { evaluation } = await createEvaluate(deps)({ ...step, ...trained, snapshot: validated.snapshot, champion: once });
    return comparison(new TextDecoder().decode(await getBlob(stores.store, evaluation)), once.v, fresh.v);
  } finally {
    await close();
  }
}

/** The pipeline as it is, looking at the whole month instead of the last week. */
async function monthStep({ store }: Stores, manifest: Parameters<typeof getBlob>[1]): Promise<RunStep> {
  const made = readJson(manifestSchema, new TextDecoder().decode(await getBlob(store, manifest)), "the manifest");
  const definition = readJson(definitionSchema, new TextDecoder().decode(await getBlob(store, made.definition)), "the definition");
  const month = { ...definition, windows: { ...definition.windows, holdout: "P30D" } };
  return { run: "flights/demo/kept-fresh", pipeline: "flights", definition: await putJsonBlob(store, month), windows: closeWindows(month, asOf, from), asOf };
}

function comparison(text: string, once: number, fresh: number): string {
  const [recent] = readJson(evaluationSchema, text, "the evaluation").holdouts;
  if (recent === undefined) throw new RelearnError("NotFound", "the evaluation holds no holdout");
  const names = ["auc", "log_loss", "brier"].filter((name) => name in recent.candidate);
  const show = (estimate: Estimate | undefined): string => (estimate?.value == null ? "-" : `${estimate.value.toFixed(4)} (${estimate.low?.toFixed(4)} to ${estimate.high?.toFixed(4)})`);
  const table = renderTable<string>([
    { title: "METRIC", cell: (name) => name },
    { title: `TRAINED ONCE (v${once})`, cell: (name) => show(recent.champion?.[name]) },
    { title: `KEPT FRESH (v${fresh})`, cell: (name) => show(recent.candidate[name]) },
    { title: "DIFFERENCE", cell: (name) => show(recent.difference?.[name]) },
  ], names, Infinity);
  return `${recent.rows.toLocaleString("en")} flights, ${recent.window?.from.slice(0, 10)} to ${recent.window?.to.slice(0, 10)}; intervals at 95 %, paired on the same flights\n\n${table}`;
}

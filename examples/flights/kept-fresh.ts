import { createEvaluate } from "../../activities/evaluate.ts";
import { createValidate } from "../../activities/validate.ts";
import { createVersionEvidence } from "../../activities/version-evidence.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { renderTable } from "../../cli/support/table.ts";
import { readJson } from "../../schemas/boundary.ts";
import { type Estimate, evaluation as evaluationSchema } from "../../schemas/evaluation.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { getBlob } from "../../stores/blobs.ts";
import { openRegistry } from "../../stores/registry.ts";
import { openMonth } from "./month.ts";

/** The month after the second model was trained. */
const april = 4;

/** What retraining was worth: the first version and the one that serves on the same flights of a month that neither has seen. */
export async function keptFresh(deps: Dependencies): Promise<string> {
  const registry = openRegistry(deps.store, "flights");
  const serves = (await registry.champion())?.v;
  const [once, fresh] = [await registry.version(1), serves === undefined ? null : await registry.version(serves)];
  if (once === null || fresh === null) throw new RelearnError("NotFound", "flights has no versions to compare");
  const { step, dataset } = await openMonth(deps, fresh, april);
  const validated = await createValidate(deps)({ ...step, dataset, champion: null });
  if (validated.status !== "accepted") throw new RelearnError("DataRefused", validated.reasons.join("; "));
  const { trained } = await createVersionEvidence(deps)({ model: "flights", v: fresh.v });
  const { evaluation } = await createEvaluate(deps)({ ...step, ...trained, snapshot: validated.snapshot, champion: once });
  return comparison(new TextDecoder().decode(await getBlob(deps.store, evaluation)), once.v, fresh.v);
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

import { count, counted } from "../../policy/counted.ts";
import { readJson } from "../../schemas/boundary.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { validationReport, type ValidationReport } from "../../schemas/validation.ts";
import { getBlob } from "../../stores/blobs.ts";
import { quarantineKey } from "../../stores/datasets.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { plain } from "./style.ts";

const shown = 10;

/** The rows a run was given, and those set aside with the reasons: an approver must not miss that a model saw only a part. */
export function dataText({ rows, pipeline, snapshot }: Pick<RunRecord, "rows" | "pipeline" | "snapshot">, findings: ValidationReport["findings"]): string {
  if (rows === null) return "";
  const aside = findings.filter(({ effect }) => effect === "quarantined");
  const where = rows.quarantined === 0 || snapshot === null ? "" : `: see ${quarantineKey(pipeline, snapshot)} in the bucket`;
  return [
    `Data: ${counted(rows.in, "row")}, ${count(rows.quarantined)} of them quarantined${where}`,
    ...aside.slice(0, shown).map(({ message }) => `  ${plain(message)}`),
    ...(aside.length > shown ? [`  and ${counted(aside.length - shown, "more finding", "more findings")}`] : []),
  ].join("\n");
}

/** Nothing where no report was kept. */
export async function findingsOf(store: ObjectStore, { validation, run }: Pick<RunRecord, "validation" | "run">): Promise<ValidationReport["findings"]> {
  if (validation === null) return [];
  return readJson(validationReport, new TextDecoder().decode(await getBlob(store, validation)), `the validation report of ${run}`).findings;
}

import { readJson } from "../../schemas/boundary.ts";
import { evaluation } from "../../schemas/evaluation.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { getBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import type { Cli } from "./cli.ts";
import { dataText, findingsOf } from "./data-text.ts";
import { evidenceText } from "./evidence.ts";

/** All that a run shows to who answers it: its data, then what was measured. Empty before anything was. */
export async function runEvidence(store: ObjectStore, record: RunRecord, screen: Pick<Cli, "style" | "width">): Promise<string> {
  if (record.evaluation === null) return "";
  const text = new TextDecoder().decode(await getBlob(store, record.evaluation));
  const measured = evidenceText(readJson(evaluation, text, `the evaluation of ${record.run}`), screen);
  return [dataText(record, await findingsOf(store, record)), measured].filter((part) => part !== "").join("\n\n");
}

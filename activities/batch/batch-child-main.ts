import { readFile } from "node:fs/promises";
import { type LoadedModel, loadModel } from "../../inference/session.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { serveChild } from "../../schemas/serve-child.ts";
import { sha256Hex } from "../../stores/canonical.ts";
import type { ScoredModel } from "../scoring/protocol.ts";
import { sandboxedDuckDb, type Sandboxed } from "../scoring/sandboxed-duckdb.ts";
import type { BatchChildRequest } from "./protocol.ts";
import { beginTable, type TableScoring } from "./score-table.ts";

interface Opened { readonly duckDb: Sandboxed; readonly model: LoadedModel; readonly described: ScoredModel }

/** What DuckDB may hold; rows pass through, and predictions beyond it go to the disk. */
const duckDbMemory = "256MiB";

let opened: Opened | null = null;
let scoring: TableScoring | null = null;

serveChild(async (message) => {
  const request = message as BatchChildRequest;
  if (request.op === "open") return open(request);
  if (opened === null) throw new Error("nothing is open");
  if (request.op === "begin") {
    scoring = await beginTable(opened.duckDb, opened.model, opened.described, request.table);
    return null;
  }
  return request.op === "step" ? scoring!.step() : scoring!.finish(request.to, request.quarantine);
});

async function open({ folder, timezone, threads, model, task }: Extract<BatchChildRequest, { op: "open" }>): Promise<null> {
  process.chdir(folder);
  const bytes = await readFile(model.path);
  const found = sha256Hex(bytes);
  if (found !== model.sha256) throw new RelearnError("Corrupt", `the model file holds ${found.slice(0, 12)} where ${model.sha256.slice(0, 12)} is to score: it was changed after it was fetched`);
  const duckDb = await sandboxedDuckDb({ folder, folders: [folder], timezone, threads, memory: duckDbMemory });
  opened = { duckDb, model: await loadModel(bytes, { columns: model.columns, task, classes: model.classes?.length ?? 1 }, threads), described: model };
  return null;
}

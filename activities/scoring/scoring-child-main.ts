import { readFile } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type LoadedModel, loadModel } from "../../inference/session.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { serveChild } from "../../schemas/serve-child.ts";
import { sha256Hex } from "../../stores/canonical.ts";
import { checkSql } from "../../tables/check-sql.ts";
import { checkParity } from "./check-parity.ts";
import { keepGolden } from "./keep-golden.ts";
import { measureModel } from "./measure-model.ts";
import type { ScoredModel, ScoringRequest } from "./protocol.ts";
import { sandboxedDuckDb } from "./sandboxed-duckdb.ts";
import { beginHoldout, type HoldoutScoring, trySlice } from "./score-holdout.ts";
import { trivialModel } from "./trivial-model.ts";

interface Opened { readonly connection: DuckDBConnection; readonly threads: number; readonly models: LoadedModel[]; readonly described: ScoredModel[] }

let opened: Opened | null = null;
let scoring: HoldoutScoring | null = null;

serveChild(async (message) => {
  const request = message as ScoringRequest;
  if (request.op === "open") return open(request);
  if (opened === null) throw new Error("nothing is open");
  const { connection, models, described } = opened;
  switch (request.op) {
    case "load":
      return load(opened, request);
    case "measure":
      return measureModel(connection, models[0]!, described[0]!.columns, request.sample);
    case "parity":
      return checkParity(connection, models[0]!, described[0]!.columns, request);
    case "golden":
      return keepGolden(connection, models[0]!, described[0]!.columns, request.sample);
    case "trivial":
      return trivialModel(connection, request.files, request.label);
    case "slice":
      return trySlice(connection, request.files, request.slice);
    case "begin":
      scoring = await beginHoldout(connection, models, described, request.holdout);
      return null;
    case "step":
      return scoring!.step();
    case "finish":
      return scoring!.finish();
  }
});

async function open(request: Extract<ScoringRequest, { op: "open" }>): Promise<null> {
  process.chdir(request.folder);
  const { connection } = await sandboxedDuckDb(request);
  for (const { title, sql } of request.sql) await checkSql(connection, { title, sql, kind: "expression", tables: [] });
  opened = { connection, threads: request.threads, models: [], described: [] };
  return null;
}

async function load({ models, described, threads }: Opened, { model, task }: Extract<ScoringRequest, { op: "load" }>): Promise<{ readonly ms: number }> {
  const bytes = await readFile(model.path);
  const found = sha256Hex(bytes);
  if (found !== model.sha256) throw new RelearnError("Corrupt", `the model file holds ${found.slice(0, 12)} where ${model.sha256.slice(0, 12)} is to be judged: it was changed after it was fetched`);
  const start = performance.now();
  models.push(await loadModel(bytes, { columns: model.columns, task, classes: model.classes?.length ?? 1 }, threads));
  described.push(model);
  return { ms: performance.now() - start };
}

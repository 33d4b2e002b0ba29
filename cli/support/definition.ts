import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isBuiltInMetric } from "../../policy/gates.ts";
import { templateUnit } from "../../schemas/calendar.ts";
import { type Definition, definition as schema } from "../../schemas/definition.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { problemsOf } from "../../schemas/problems.ts";
import type { Source } from "../../schemas/source.ts";
import { checkDefinitionSql } from "../../tables/check-definition-sql.ts";
import { usedSources } from "../../tables/prepare.ts";
import { type Contradiction, predictionsProblems } from "./predictions-problems.ts";
import { type DefinitionFile, readDefinitionFile } from "./definition-file.ts";

/**
 * Reads a definition's file and checks all of it: fields, names that must fit together, and its SQL. Folders and the trainer's
 * working directory become absolute against the file's own folder.
 * @throws RelearnError `NotFound`, `InvalidDefinition` (naming file, line where there is one, and field), `InvalidSql`.
 */
export async function loadDefinition(file: string): Promise<Definition> {
  const path = resolve(file);
  const read = await readDefinitionFile(path);
  const value = withoutEditorKey(read.value);
  const result = schema.safeParse(value);
  if (!result.success) throw invalid(path, problemsOf(schema, value, result.error.issues).map(({ path: at, field, text }) => `${place(path, read, at)}${field || "the definition"}: ${text}`));
  const problems = contradictions(result.data).map(({ at, message }) => `${place(path, read, at)}${at.join(".")}: ${message}`);
  if (problems.length > 0) throw invalid(path, problems);
  const definition = withAbsolutePaths(result.data, dirname(path));
  await checkSql(definition, path);
  return definition;
}

/** `$schema` tells editors where `schemas/json/definition.schema.json` lies; it is no part of the definition. */
function withoutEditorKey(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const { $schema: _, ...rest } = value as Record<string, unknown>;
  return rest;
}

function invalid(path: string, lines: readonly string[]): RelearnError {
  return new RelearnError("InvalidDefinition", `${path} is not a valid definition:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

function place(path: string, read: DefinitionFile, at: readonly PropertyKey[]): string {
  const line = read.lineOf(at);
  return line === null ? "" : `${path}:${line}: `;
}

/** Fields that are each valid and do not fit together. */
function contradictions(definition: Definition): Contradiction[] {
  const { columns, label, sources, golden, metrics, consent } = definition;
  const found: Contradiction[] = [];
  if (consent !== undefined && columns[consent]?.type !== "boolean") found.push({ at: ["consent"], message: `must name a column of type boolean; ${consent} is ${columns[consent] === undefined ? "no column" : `of type ${columns[consent].type}`}` });
  if (consent !== undefined && columns[consent]?.private === true) found.push({ at: ["columns", consent], message: "says whether a row may be trained on, so it is kept with the row and cannot be private" });
  if (columns[label.column]?.feature === true) found.push({ at: ["columns", label.column], message: "the label cannot be a feature of itself; say feature: false, or leave it out of columns" });
  for (const name of Object.keys(columns)) if (name.startsWith("__")) found.push({ at: ["columns", name], message: "names that begin with __ are taken" });
  for (const name of Object.keys(sources)) if (name.endsWith("_past") && name.slice(0, -5) in sources) found.push({ at: ["sources", name], message: `the name is taken by what prepare sees of ${name.slice(0, -5)}` });
  for (const name of Object.keys(metrics).filter(isBuiltInMetric)) found.push({ at: ["metrics", name], message: "the name is taken by one of Relearn's own metrics, which gates would then mean" });
  for (const name of ["recent", "reserve"]) if (name in golden) found.push({ at: ["golden", name], message: "the name is taken by one of the pipeline's own holdouts" });
  for (const name of Object.keys(sources).filter((source) => !usedSources(definition).includes(source))) found.push({ at: ["sources", name], message: `nothing reads it: name ${name}_past in prepare, or leave it out` });
  return [...found, ...predictionsProblems(definition)];
}

function withAbsolutePaths(definition: Definition, folder: string): Definition {
  const landed = <S extends { readonly uri: string }>(source: S): S => ({ ...source, uri: absoluteUri(source.uri, folder) });
  const each = <S, T>(sources: Readonly<Record<string, S>>, change: (source: S) => T) => Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, change(source)]));
  const absolute = (source: Source): Source => (source.format !== "predictions" ? landed(source) : source.labels.from === "files" ? { ...source, labels: landed(source.labels) } : source);
  return { ...definition, sources: each(definition.sources, absolute), golden: each(definition.golden, landed), trainer: { ...definition.trainer, workdir: resolve(folder, definition.trainer.workdir ?? ".") } };
}

/** A trailing slash stays: it makes a prefix a folder. */
function absoluteUri(uri: string, folder: string): string {
  if (uri.startsWith("s3://")) return uri;
  if (!isAbsolute(uri) && !uri.startsWith("file://") && templateUnit(folder) !== null) throw new RelearnError("InvalidDefinition", `the folder ${folder} holds a time template in its own name, which the relative path ${JSON.stringify(uri)} would be read with: rename the folder, or write the path out`);
  const path = uri.startsWith("file://") ? fileURLToPath(uri) : uri;
  const whole = isAbsolute(path) ? path : resolve(folder, path);
  return path.endsWith("/") && !whole.endsWith("/") ? `${whole}/` : whole;
}

async function checkSql(definition: Definition, path: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "relearn-sql-"));
  try {
    await checkDefinitionSql(definition, scratch);
  } catch (error) {
    if (error instanceof RelearnError && error.type === "InvalidSql") throw new RelearnError("InvalidSql", `${path}: ${error.message}`, { cause: error });
    throw error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

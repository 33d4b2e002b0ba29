import { z } from "zod";
import { about } from "./about.ts";
import { commit } from "./commit.ts";
import { ingested, snapshot } from "./dataset.ts";
import { definition } from "./definition.ts";
import { evaluation } from "./evaluation.ts";
import { jobResult, jobSpec, jobStatus, progressLine } from "./job.ts";
import { manifest } from "./manifest.ts";
import { runRecord } from "./run.ts";
import { stack } from "./stack.ts";

/** What people and other languages read or write, by file name below `schemas/json/`. */
const published = {
  definition: { title: "A Relearn pipeline", schema: definition, io: "input" },
  ingested: { title: "What ingest made of a run's windows", schema: ingested, io: "output" },
  snapshot: { title: "The rows a model was trained and judged on", schema: snapshot, io: "output" },
  "job-spec": { title: "A training job: jobs/<id>/spec.json", schema: jobSpec, io: "output" },
  "job-status": { title: "How a training job stands: jobs/<id>/status.json", schema: jobStatus, io: "output" },
  "job-result": { title: "What a training job made: jobs/<id>/result.json", schema: jobResult, io: "output" },
  "progress-line": { title: "One line a trainer writes on RELEARN_PROGRESS", schema: progressLine, io: "input" },
  evaluation: { title: "How a candidate was judged", schema: evaluation, io: "output" },
  manifest: { title: "A version's manifest", schema: manifest, io: "output" },
  commit: { title: "One entry of a model's log", schema: commit, io: "output" },
  run: { title: "A run's record", schema: runRecord, io: "output" },
  stack: { title: "Where the local servers answer: .relearn/stack.json", schema: stack, io: "output" },
} as const;

export type PublishedSchema = keyof typeof published;
export const publishedSchemas = Object.keys(published) as PublishedSchema[];

/** A definition in JSON may say it, and reading one leaves it out. */
const editorKey = { type: "string", ...about("Where this schema lies, for editors; it is no part of the definition", "definition.schema.json") };

/** JSON Schema (draft 2020-12) of a published document, for editors and other languages. */
export function jsonSchema(name: PublishedSchema): Readonly<Record<string, unknown>> {
  const { title, schema, io } = published[name];
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any", reused: "inline" });
  return { $schema, title, ...rest, ...(name === "definition" ? { properties: { $schema: editorKey, ...rest.properties } } : {}) };
}

import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { rolloutHeadline } from "../../policy/rollout-text.ts";
import { failureTypeOf, RelearnError } from "../../schemas/failures.ts";
import { jobStatus, type ProgressLine } from "../../schemas/job.ts";
import { type RunRecord, runRecord } from "../../schemas/run.ts";
import { parseDocument } from "../../stores/documents.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { runKey } from "../../stores/runs.ts";
import { presentFailure } from "./present-failure.ts";
import { retryingStep } from "./retrying-step.ts";
import { recordedRun } from "./run-records.ts";
import { inTime, type TemporalAccess } from "./temporal.ts";

export interface RunMoment {
  readonly record: RunRecord;
  readonly progress: ProgressLine | null;
  /** Why the run does not get on, while a step of it is tried again; null when it does. */
  readonly trouble: string | null;
  /** How its version takes over, in words; null before and after. */
  readonly rollout: string | null;
}

const lookEveryMs = 300;
/** How often Temporal is asked whether the workflow still runs: a terminated one writes no record. */
const askEveryMs = 5_000;
const longestOutageMs = 60_000;

/** A run's record each time it, its training job's progress or its trouble changes, until it has ended. Costs two small reads a look. */
export async function* followRun(access: TemporalAccess, store: ObjectStore, workflowId: string, signal: AbortSignal): AsyncGenerator<RunMoment, void> {
  const read = reader(store, workflowId);
  let last = "";
  let lastAsked = Date.now();
  let reachable = Date.now();
  for (let seen: Seen = { closed: null, trouble: null }; !signal.aborted; await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined)) {
    const found = await read().catch((error: unknown) => {
      if (failureTypeOf(error) !== "StoreUnavailable" || Date.now() - reachable > longestOutageMs) throw error;
      return undefined;
    });
    if (found === undefined) continue;
    reachable = Date.now();
    const moment = found && { ...found, trouble: seen.trouble };
    const text = JSON.stringify(moment);
    if (moment !== null && text !== last) yield moment;
    last = text;
    if (moment !== null && moment.record.endedAt !== null) return;
    if (seen.closed !== null) throw new RelearnError("NotFound", `${workflowId} is ${seen.closed.toLowerCase()} in Temporal, and its record was never finished: look at its history there`);
    if (Date.now() - lastAsked < askEveryMs) continue;
    lastAsked = Date.now();
    seen = await look(access, workflowId);
  }
}

/** What Temporal says of the workflow: its status once it is closed, and what it tries again. */
interface Seen { readonly closed: string | null; readonly trouble: string | null }

/** Nothing while Temporal does not answer: the record goes on telling. */
async function look(access: TemporalAccess, workflowId: string): Promise<Seen> {
  try {
    const found = await inTime(access, `whether ${workflowId} runs`, () => access.client.workflow.getHandle(workflowId).describe(), 5_000);
    return { closed: found.status.name === "RUNNING" ? null : found.status.name, trouble: retryingStep(found) };
  } catch (error) {
    if (presentFailure(error).type === "TemporalUnavailable") return { closed: null, trouble: null };
    throw error;
  }
}

function reader(store: ObjectStore, workflowId: string): () => Promise<Omit<RunMoment, "trouble"> | null> {
  let key: string | null = null;
  const record = cached(store, runRecord);
  const status = cached(store, jobStatus);
  return async () => {
    key ??= await recordedRun(store, workflowId).then((found) => (found === null ? null : runKey(found)));
    const found = key === null ? null : await record(key);
    if (found === null) return null;
    const job = found.stage === "train" && found.job !== null ? await status(`jobs/${found.job}/status.json`) : null;
    return { record: found, progress: job?.progress ?? found.training, rollout: found.stage === "promote" && found.v !== null ? await rolloutText(store, found.pipeline, found.v) : null };
  };
}

/** What the log says of a version that is taking over. */
async function rolloutText(store: ObjectStore, model: string, v: number): Promise<string> {
  const state = (await openRegistry(store, model).log.tip())?.entry.state;
  if (state?.champion?.v === v) return "promoted; the servers are switching to it";
  if (!state?.rollout) return "";
  return state.rollout.candidate.v === v ? rolloutHeadline({ rollout: state.rollout, shares: null, settling: false }) : `waits: version ${state.rollout.candidate.v} is taking over`;
}

/** Reads an object again only when it has changed. */
function cached<S extends z.ZodType>(store: ObjectStore, schema: S): (key: string) => Promise<z.output<S> | null> {
  let known: { readonly key: string; readonly etag: string; readonly value: z.output<S> } | null = null;
  return async (key) => {
    const found = known?.key === key ? await store.getIfChanged(key, known.etag) : await store.get(key);
    if (found === "unchanged") return (known as NonNullable<typeof known>).value;
    if (found === null) return null;
    known = { key, etag: found.etag, value: parseDocument(store, key, schema, found.body) };
    return known.value;
  };
}

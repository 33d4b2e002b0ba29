import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { childEntry } from "../../schemas/child-entry.ts";
import { ChildFailure, spawnChild, standbyChild } from "../../schemas/child.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { ScoringReplies, ScoringRequest } from "./protocol.ts";

export interface ScoringLimits {
  /** Resident memory at which the process is killed. */
  readonly memoryBytes: number;
  /** For loading a model, and for each second's worth of scoring. */
  readonly deadlineMs: number;
}

/** A process that reads rows and runs models. It is killed at its deadline or memory ceiling, and ends with the work. */
export interface ScoringChild {
  ask<Op extends ScoringRequest["op"]>(request: Extract<ScoringRequest, { op: Op }>, deadlineMs?: number): Promise<ScoringReplies[Op]>;
}

export type ScoringOpening = Omit<Extract<ScoringRequest, { op: "open" }>, "op" | "folder">;

export const usualLimits: ScoringLimits = { memoryBytes: 4 * 2 ** 30, deadlineMs: 60_000 };

/**
 * Works with models in a process of their own, which starts in an empty folder, and while `open` is still being prepared.
 * @throws RelearnError `InvalidSql` for people's SQL that is not one repeatable expression or fails, `SqlLimit` where it takes too much; `ModelRefused` when a model does not
 * load, run or fit; `InferenceLimit` when it hangs or grows too large.
 */
export async function withScoringChild<T>(
  open: ScoringOpening | Promise<ScoringOpening>,
  options: { readonly scratch: string; readonly limits?: ScoringLimits | undefined; readonly signal?: AbortSignal | undefined },
  work: (child: ScoringChild) => Promise<T>,
): Promise<T> {
  const { scratch, limits = usualLimits, signal } = options;
  // It is awaited once there is a process; where there is none, that failure counts.
  const opening = Promise.resolve(open);
  opening.catch(() => undefined);
  await mkdir(join(scratch, "scoring"), { recursive: true });
  const folder = await mkdtemp(join(scratch, "scoring", "in-"));
  const process = spawnChild({ title: "the model's process", memoryBytes: limits.memoryBytes, ...(await startOf()) });
  const child: ScoringChild = {
    ask: async (request, deadlineMs = limits.deadlineMs) => (await process.request(request, { deadlineMs, signal }).catch((error: unknown) => rethrow(error, request))) as never,
  };
  try {
    const request = { op: "open", folder, ...(await opening) } satisfies ScoringRequest;
    await process.request(request, { deadlineMs: limits.deadlineMs, signal }).catch((error: unknown) => rethrow(error, request));
    return await work(child);
  } finally {
    await process.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What runs where no model does: its end is no fault of a model. */
function peoplesSqlIn(request: ScoringRequest): string | null {
  if (request.op === "slice") return request.slice.title;
  if (request.op === "open") return "the slices and metrics";
  return request.op === "finish" ? "the metrics of a holdout" : null;
}

const startOf = async () => ({ entry: await childEntry(import.meta.url, "scoring-child-main"), heapMegabytes: 2_048, env: { OMP_WAIT_POLICY: "PASSIVE" } });

/** Says that models will soon be scored. */
export async function expectScoring(): Promise<void> {
  standbyChild(await startOf());
}

function rethrow(error: unknown, request: ScoringRequest): never {
  if (!(error instanceof ChildFailure) || error.end === "cancelled" || error.end === "closed") throw error;
  const sql = peoplesSqlIn(request);
  if (sql !== null) throw new RelearnError("SqlLimit", `${sql}: ${error.message}`, { cause: error });
  if (error.end === "exit") throw new RelearnError("ModelRefused", `the model is refused: ${error.message}`, { cause: error });
  throw new RelearnError("InferenceLimit", `the model is refused: ${error.message}`, { cause: error });
}

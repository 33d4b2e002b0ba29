import { childEntry } from "../../schemas/child-entry.ts";
import { ChildFailure, spawnChild } from "../../schemas/child.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { BatchChildReplies, BatchChildRequest, TableRequest } from "./protocol.ts";

export interface BatchLimits {
  /** Resident memory at which the process is killed. */
  readonly memoryBytes: number;
  /** For loading the model, and for each second's worth of scoring. */
  readonly deadlineMs: number;
  /** For putting a file's predictions beside its rows. */
  readonly writeMs: number;
}

export const usualBatchLimits: BatchLimits = { memoryBytes: 2 * 2 ** 30, deadlineMs: 60_000, writeMs: 1_800_000 };

/** A process that scores one file after another with one model. */
export interface BatchChild {
  /** @param beat told the rows so far, about once a second. */
  score(table: TableRequest, to: string, quarantine: string, beat: (rows: number) => void): Promise<BatchChildReplies["finish"]>;
  peakMemory(): number;
}

/**
 * Runs a model in a process of its own over files in `folder`: all it can reach.
 * @throws RelearnError `ModelRefused` when the model does not load, run or fit; `InferenceLimit` when it hangs or grows too large.
 */
export async function withBatchChild<T>(open: Omit<Extract<BatchChildRequest, { op: "open" }>, "op">, options: { readonly limits?: BatchLimits | undefined; readonly signal?: AbortSignal | undefined }, work: (child: BatchChild) => Promise<T>): Promise<T> {
  const { limits = usualBatchLimits, signal } = options;
  const entry = await childEntry(import.meta.url, "batch-child-main");
  const process = spawnChild({ title: "the model's process", entry, memoryBytes: limits.memoryBytes, heapMegabytes: 512, env: { OMP_WAIT_POLICY: "PASSIVE" } });
  const ask = async <Op extends BatchChildRequest["op"]>(request: Extract<BatchChildRequest, { op: Op }>, deadlineMs = limits.deadlineMs): Promise<BatchChildReplies[Op]> =>
    (await process.request(request, { deadlineMs, signal }).catch(rethrow)) as BatchChildReplies[Op];
  const child: BatchChild = {
    peakMemory: process.peakMemory,
    score: async (table, to, quarantine, beat) => {
      await ask<"begin">({ op: "begin", table }, limits.writeMs);
      for (let done = false; !done; ) {
        const step = await ask<"step">({ op: "step" });
        beat(step.rows);
        done = step.done;
      }
      return ask<"finish">({ op: "finish", to, quarantine }, limits.writeMs);
    },
  };
  try {
    await ask<"open">({ op: "open", ...open });
    return await work(child);
  } finally {
    await process.close();
  }
}

function rethrow(error: unknown): never {
  if (!(error instanceof ChildFailure) || error.end === "cancelled" || error.end === "closed") throw error;
  throw new RelearnError(error.end === "exit" ? "InferenceFailed" : "InferenceLimit", `the batch is not scored: ${error.message}`, { cause: error });
}

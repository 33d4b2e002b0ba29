import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEntry } from "../schemas/child-entry.ts";
import { type Child, ChildFailure, spawnChild } from "../schemas/child.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { Golden } from "../schemas/golden.ts";
import type { ModelContract, ModelProcess } from "./contract.ts";
import { decodeReply, encodeRows, frameReader, layoutOf, replyHead } from "./frames.ts";
import { batchProblem } from "./batch-problem.ts";
import { type BatchLimits, type MicroBatcher, microBatcher } from "./micro-batcher.ts";
import type { OpenModel } from "./model-child-main.ts";
import { outputOf } from "./signature.ts";

export interface ModelLimits extends BatchLimits {
  /** Until it answers for the first time: read, loaded, checked and warm. */
  readonly loadMs: number;
  /** Resident memory at which the process is killed. */
  readonly memoryBytes: number;
}

export interface ModelStart {
  /** The model's file. */
  readonly path: string;
  readonly contract: ModelContract;
  /** Null of a version that was registered without golden rows. */
  readonly golden: Golden | null;
  readonly limits?: Partial<ModelLimits> | undefined;
  /** Threads of one batch; default 1, which is quickest for few rows. */
  readonly threads?: number | undefined;
  /** Ends the start; a process that answers is ended by `close`. */
  readonly signal?: AbortSignal | undefined;
}

export const usualModelLimits: ModelLimits = { loadMs: 60_000, scoreMs: 10_000, memoryBytes: 4 * 2 ** 30, maxRows: 256, pieceRows: 4_096, queueRows: 4_096, inFlight: 1 };

/** Room for a failure's message in a reply. */
const messageBytes = 16_384;

/**
 * Starts a version in a process of its own: it begins in an empty folder, reads the file, holds its bytes against the contract's digest, scans
 * it, checks its signature and its golden predictions, and runs a few batches; then it answers.
 * @throws RelearnError `Corrupt` for other bytes, `ModelRefused` when it does not load, fit or give its golden predictions, `InferenceLimit` when that takes too
 * long or too much memory.
 */
export async function startModelProcess(start: ModelStart): Promise<ModelProcess> {
  const { contract } = start;
  const limits: ModelLimits = { ...usualModelLimits, ...start.limits };
  const title = `version ${contract.v} of ${contract.model}`;
  const entry = await childEntry(import.meta.url, "model-child-main");
  const folder = await mkdtemp(join(tmpdir(), "relearn-model-"));
  const child = spawnChild({ title: `the process of ${title}`, entry, memoryBytes: limits.memoryBytes, pipe: true, env: { OMP_WAIT_POLICY: "PASSIVE" } });
  void child.ended.then(() => rm(folder, { recursive: true, force: true }));
  try {
    await child.request(openingOf(start, folder), { deadlineMs: limits.loadMs, signal: start.signal });
  } catch (error) {
    await child.close();
    throw refusalOf(title, error);
  }
  return superviseModel(child, contract, title, limits);
}

function openingOf({ path, contract, golden, threads = 1 }: ModelStart, folder: string): OpenModel {
  const { digest, columns, task, classes } = contract;
  return { folder, path, sha256: digest, golden, threads, columns, task, classes: classes?.length ?? 1 };
}

/** A process that ends while it loads a model was ended by it. */
function refusalOf(title: string, error: unknown): unknown {
  if (!(error instanceof ChildFailure) || error.end === "cancelled") return error;
  return new RelearnError(error.end === "exit" ? "ModelRefused" : "InferenceLimit", `${title} is refused: ${error.message}`, { cause: error });
}

function superviseModel(child: Child, contract: ModelContract, title: string, limits: ModelLimits): ModelProcess {
  const layout = layoutOf(contract.inputs);
  const { width } = outputOf(contract.task, contract.classes?.length ?? 1);
  const pipe = child.pipe!;
  let why: Error | null = null;
  const end = (reason: Error): void => {
    why ??= reason;
    batcher.fail(why);
    child.kill();
  };
  const batcher: MicroBatcher = microBatcher({ title, width, limits, onHang: end, send: (id, rows, batches) => void pipe.write(encodeRows(layout, id, rows, batches)) });
  const read = frameReader(replyHead + messageBytes + Math.max(limits.maxRows, limits.pieceRows) * width * 8, (frame) => batcher.reply(decodeReply(frame)));
  pipe.on("data", (chunk: Uint8Array) => {
    try {
      read(chunk);
    } catch (error) {
      end(new RelearnError("InferenceLimit", `${title} gave no reply that can be read (${(error as Error).message}); its process is ended`));
    }
  });
  // The child's own end says why; a broken pipe says less, and comes first. A process that lives on without one counts as hung.
  pipe.on("error", () => undefined);
  const ended = child.ended.then((failure) => {
    why ??= endOf(title, failure);
    batcher.fail(why);
    return why;
  });
  return {
    contract,
    pid: child.pid,
    get pending() {
      return batcher.pending;
    },
    score: (batch, deadline) => {
      const problem = batchProblem(contract.inputs, batch);
      return problem === null ? batcher.score(batch, deadline) : Promise.reject(new RelearnError("InvalidInput", `${title} cannot score this: ${problem}`));
    },
    ended,
    memory: () => child.memory(),
    close: async () => {
      const closed = new RelearnError("NotReady", `${title} was retired on this server; ask again`);
      await batcher.drain(closed);
      why ??= closed;
      await child.close();
    },
  };
}

function endOf(title: string, failure: ChildFailure): RelearnError {
  const type = failure.end === "memory" || failure.end === "deadline" ? "InferenceLimit" : "InferenceFailed";
  return new RelearnError(type, `${title} cannot answer: ${failure.message}`, { cause: failure });
}

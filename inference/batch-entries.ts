import { RelearnError, failureTypeOf } from "../schemas/failures.ts";
import type { InputBatch, Scored } from "./contract.ts";
import type { ReplyFrame } from "./frames.ts";
import type { InputValues } from "./session.ts";

/** One caller's rows, or a piece of them, and the caller. */
export interface Entry {
  readonly batch: InputBatch;
  /** `performance.now()` milliseconds, as are the other times. */
  readonly deadline: number;
  /** Goes only with those of the same group: 0 until a batch that it was in has failed. */
  readonly group: number;
  readonly askedAt: number;
  sentAt: number;
  readonly resolve: (scored: Scored) => void;
  readonly reject: (why: Error) => void;
}

/** Gives each caller its own rows' scores. A score that is no number is the fault of that caller's rows alone. */
export function settle(title: string, entries: readonly Entry[], { scores, failure, ms }: ReplyFrame, width: number): void {
  let from = 0;
  for (const { batch, askedAt, sentAt, resolve, reject } of entries) {
    if (scores === null) {
      reject(failureOf(failure));
      continue;
    }
    const own = scores.subarray(from, (from += batch.rows * width));
    const bad = notFinite(own);
    if (bad < 0) resolve({ scores: own, queuedMs: sentAt - askedAt, computeMs: ms });
    else reject(new RelearnError("ModelRefused", `${title} gives ${own[bad]} for row ${Math.floor(bad / width)} (output ${bad % width} of ${width})`));
  }
}

/**
 * Two halves of a batch that failed, each a group of its own: among n callers one whose rows are at fault is found in 2 log2(n) runs, and only that one is failed.
 * @param group number of the first half; that of the second is one more.
 */
export function halvesOf(entries: readonly Entry[], group: number): Entry[] {
  const middle = Math.ceil(entries.length / 2);
  return entries.map((entry, i) => ({ ...entry, group: i < middle ? group : group + 1 }));
}

function failureOf(failure: ReplyFrame["failure"]): Error {
  const type = failureTypeOf(failure);
  return new RelearnError(type ?? "InferenceFailed", failure?.message ?? "the model's process failed");
}

function notFinite(scores: Float32Array | Float64Array): number {
  for (let i = 0; i < scores.length; i++) if (!Number.isFinite(scores[i]!)) return i;
  return -1;
}

/** Cuts a large request into pieces of `size` rows at most, without copying its numbers. */
export function piecesOf({ rows, columns }: InputBatch, size: number): InputBatch[] {
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => {
    const [from, to] = [i * size, Math.min(rows, (i + 1) * size)];
    return { rows: to - from, columns: columns.map((values) => cut(values, (values.length / rows) * from, (values.length / rows) * to)) };
  });
}

const cut = (values: InputValues, from: number, to: number): InputValues => (Array.isArray(values) ? (values as readonly string[]).slice(from, to) : (values as Float32Array).subarray(from, to));

export function joinPieces(pieces: readonly Scored[]): Scored {
  const parts = pieces.map(({ scores }) => scores);
  const scores = new (parts[0] instanceof Float64Array ? Float64Array : Float32Array)(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (scores.set(part, at), at + part.length), 0);
  return { scores, queuedMs: pieces[0]!.queuedMs, computeMs: pieces.reduce((sum, { computeMs }) => sum + computeMs, 0) };
}

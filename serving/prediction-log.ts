import type { InputBatch, ModelContract } from "../inference/contract.ts";
import type { Variant } from "../schemas/replica.ts";

/** One answered, or failed, request as it is kept. */
export interface PredictionRecord {
  readonly id: string;
  readonly contract: ModelContract;
  readonly variant: Variant;
  /** Event time, milliseconds since 1970. */
  readonly at: number;
  readonly batch: InputBatch;
  /** Fields of the rows that are no features but are wanted in the log, such as the consent column: one value a row. */
  readonly extras: Readonly<Record<string, readonly unknown[]>>;
  /** Null where it failed. */
  readonly scores: Float32Array | Float64Array | null;
  /** Type of the failure. */
  readonly error: string | null;
  readonly latencyMs: number;
}

/** Where predictions go so that each can be found again. */
export interface PredictionLog {
  /**
   * Takes a record. A promise is to be awaited before the caller is answered: back-pressure, or durable mode, in which it resolves once the record is on the disk.
   * @throws RelearnError `Overloaded` when the disk's share is full and nothing drains.
   */
  append(record: PredictionRecord): Promise<void> | undefined;
}

/** Issues prediction ids, and knows its own and other replicas' again without a look at any log. */
export interface PredictionIds {
  /** An id that says for which model it was issued, so that feedback need not. */
  issue(model: string): string;
  issued(id: string, model: string): boolean;
}

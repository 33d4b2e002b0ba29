import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { InputBatch, ModelContract, ModelProcess, Scored } from "../../inference/contract.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { StartModel } from "../../serving/load-version.ts";

/** What a version does in place of a model; by its number. */
export interface FakeVersion {
  /** Resolves to the score of the last class of each row; default: the version's number in hundredths. */
  answer?: (batch: InputBatch, deadline: number) => Promise<number>;
  /** Fails the load. */
  refuse?: Error;
  /** Columns it takes, where the test makes its contract. */
  inputs?: readonly string[];
}

export interface FakeVersions {
  readonly start: StartModel;
  readonly versions: Map<number, FakeVersion>;
  /** Those that run, by version. */
  readonly running: Map<number, FakeProcess>;
  readonly starts: number[];
}

export interface FakeProcess extends ModelProcess {
  die(): void;
}

/** Models in this process that answer what their version says, for tests of everything around a model. */
export function fakeVersions(): FakeVersions {
  const models: FakeVersions = {
    versions: new Map(), running: new Map(), starts: [],
    start: async ({ path, contract }) => {
      models.starts.push(contract.v);
      const sha256 = createHash("sha256").update(await readFile(path)).digest("hex");
      if (sha256 !== contract.digest) throw new RelearnError("ModelRefused", "other bytes");
      const refuse = models.versions.get(contract.v)?.refuse;
      if (refuse !== undefined) throw refuse;
      const process = fakeProcess(contract, models);
      models.running.set(contract.v, process);
      return process;
    },
  };
  return models;
}

export function fakeProcess(contract: ModelContract, models: Pick<FakeVersions, "versions" | "running">): FakeProcess {
  let end = (_why: Error): void => {};
  const ended = new Promise<Error>((resolve) => (end = resolve));
  let pending = 0;
  let over: Error | null = null;
  const finish = (why: Error): void => {
    over = why;
    if (models.running.get(contract.v) === process) models.running.delete(contract.v);
    end(why);
  };
  const score = async (batch: InputBatch, deadline: number): Promise<Scored> => {
    if (over !== null) throw new RelearnError("InferenceLimit", over.message);
    pending += batch.rows;
    try {
      const answer = models.versions.get(contract.v)?.answer;
      const value = answer === undefined ? contract.v / 100 : await Promise.race([answer(batch, deadline), ended.then((why) => Promise.reject(new RelearnError("InferenceLimit", why.message)))]);
      return { scores: Float32Array.from({ length: batch.rows * 2 }, (_, i) => (i % 2 === 0 ? 1 - value : value)), queuedMs: 0, computeMs: 0 };
    } finally {
      pending -= batch.rows;
    }
  };
  const process: FakeProcess = {
    contract, pid: 1, get pending() { return pending; }, score, ended, memory: () => 1,
    close: async () => finish(new Error("closed")), die: () => finish(new Error("the model's process ended unasked (SIGKILL)")),
  };
  return process;
}

export const oneRow: InputBatch = { rows: 1, columns: [Float32Array.of(1)] };

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { acceptance, type Acceptance } from "../../schemas/acceptance.ts";
import type { Ingested, PreparedPartition } from "../../schemas/dataset.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { keyOf } from "../../stores/documents.ts";
import { createKept, getKept } from "../../stores/kept-documents.ts";
import { inParallel } from "../../stores/parallel.ts";
import { type AcceptedRows, acceptRows } from "../../tables/accept-rows.ts";
import type { Contract } from "../../tables/contract.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import type { Dependencies } from "../dependencies.ts";
import { placeBlob } from "./local-blobs.ts";
import { type Uploads, uploads } from "./uploads.ts";

export interface AcceptWork {
  readonly deps: Dependencies;
  readonly pipeline: string;
  readonly contract: Contract;
  readonly sandbox: () => Promise<Sandbox>;
  /** A folder of this run below the sandbox's scratch. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A prepared partition, or golden set, and what the contract made of it. */
export interface Judged {
  readonly name: string;
  readonly role: "train" | "holdout" | "golden";
  readonly prepared: Pick<PreparedPartition, "blob" | "rows" | "duplicates">;
  readonly acceptance: Acceptance;
}

/** Rows in memory at once; a larger partition goes alone. */
const batchRows = 2_000_000;
const width = 32;

/**
 * Judges every golden set, then every partition. What was judged before under the same contract is read from the store,
 * so the cost follows the new data.
 */
export async function acceptDataset(work: AcceptWork, dataset: Ingested): Promise<{ readonly golden: readonly Judged[]; readonly partitions: readonly Judged[] }> {
  const golden = await judge(work, Object.entries(dataset.golden).map(([name, prepared]) => ({ name: `golden ${name}`, role: "golden" as const, prepared })), []);
  const goldenBlobs = golden.map(({ acceptance: { blob } }) => blob);
  const tasks = dataset.partitions.map((prepared) => ({ name: prepared.name, role: prepared.from >= dataset.windows.holdout.from ? ("holdout" as const) : ("train" as const), prepared }));
  return { golden, partitions: await judge(work, tasks, goldenBlobs) };
}

type Task = Omit<Judged, "acceptance">;

async function judge(work: AcceptWork, tasks: readonly Task[], golden: readonly BlobRef[]): Promise<Judged[]> {
  const keys = tasks.map((task) => acceptanceKey(work, task, golden));
  const known = await inParallel(keys, width, (key) => getKept(work.deps.store, key, acceptance, work.signal));
  const missing = tasks.flatMap((task, i) => (known[i] === null ? [{ task, key: keys[i] as string }] : []));
  const fresh = new Map<string, Acceptance>();
  for (const batch of batches(missing)) for (const [key, accepted] of await judgeBatch(work, batch, golden)) fresh.set(key, accepted);
  return tasks.map((task, i) => ({ ...task, acceptance: (known[i] ?? fresh.get(keys[i] as string)) as Acceptance }));
}

/** Golden keys are withheld from training only: elsewhere they do not decide what a partition becomes. */
function acceptanceKey({ pipeline, contract }: AcceptWork, { prepared, role }: Task, golden: readonly BlobRef[]): string {
  const withheld = role === "train" ? golden.map(({ sha256 }) => sha256) : [];
  const own = role === "golden" ? { ...contract, reserve: 0 } : contract;
  return `accepted/${pipeline}/${keyOf(prepared.blob.sha256, own, withheld)}.json`;
}

interface MissingTask {
  readonly task: Task;
  readonly key: string;
}

function* batches(tasks: readonly MissingTask[]): Generator<MissingTask[]> {
  let batch: MissingTask[] = [];
  let rows = 0;
  for (const task of tasks) {
    if (batch.length > 0 && rows + task.task.prepared.rows > batchRows) {
      yield batch;
      [batch, rows] = [[], 0];
    }
    batch.push(task);
    rows += task.task.prepared.rows;
  }
  if (batch.length > 0) yield batch;
}

async function judgeBatch(work: AcceptWork, batch: readonly MissingTask[], golden: readonly BlobRef[]): Promise<(readonly [string, Acceptance])[]> {
  const { deps, folder, signal } = work;
  await mkdir(folder, { recursive: true });
  const file = (i: number) => `${i}.parquet`;
  const [sandbox] = await Promise.all([
    work.sandbox(),
    inParallel(batch, width, ({ task }, i) => placeBlob(deps, task.prepared.blob, join(folder, file(i)), signal)),
    inParallel(golden, width, (ref) => placeBlob(deps, ref, join(folder, `golden-${ref.sha256}.parquet`), signal)),
  ]);
  const contract = batch[0]?.task.role === "golden" ? { ...work.contract, reserve: 0 } : work.contract;
  const tasks = batch.map(({ task }, i) => ({ name: task.name, file: file(i), withhold: task.role === "train" }));
  const rows = await acceptRows(sandbox, folder, contract, tasks, golden.map((ref) => `golden-${ref.sha256}.parquet`));
  const sending = uploads(deps, signal);
  try {
    return await inParallel(rows, width, async (accepted, i) => keep(work, sending, (batch[i] as MissingTask).key, accepted));
  } finally {
    await sending.drained();
  }
}

async function keep({ deps, folder, signal }: AcceptWork, sending: Uploads, key: string, accepted: AcceptedRows): Promise<readonly [string, Acceptance]> {
  const store = async (file: string) => (await sending.add(join(folder, file))).stored;
  const part = async (found: { readonly file: string; readonly rows: number } | null) => (found === null ? null : { blob: await store(found.file), rows: found.rows });
  const { rows, withheld, reasons, labels } = accepted;
  const document: Acceptance = {
    version: 1, blob: await store(accepted.file), rows, withheld, reserved: await part(accepted.reserved), quarantined: await part(accepted.quarantined),
    refusals: [...reasons], labels: labels === null ? null : labels.map(([label, n]) => [label, n]),
  };
  await createKept(deps.store, key, document, signal);
  return [key, document];
}

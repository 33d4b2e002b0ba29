import type { Commit } from "../../../schemas/commit.ts";
import { approvalDigest } from "../../../stores/approval-digest.ts";
import { sha256Hex } from "../../../stores/canonical.ts";
import type { MemoryBucket } from "../../../stores/memory-object-store.ts";

/** How a step ended, as the workflow that ran it was told. */
export interface Told {
  readonly txn: string;
  /** The entry's number; null when it was refused. */
  readonly n: number | null;
  readonly refusal: string | null;
  /** An attempt of it was taken for dead and went on. */
  readonly zombie: boolean;
}

/** What a reader saw, in its own order. */
export type Seen = readonly { readonly n: number; readonly champion: number | null }[];

/** Everything in the bucket and in what was told that breaks a promise. It knows the promises, and none of the code that keeps them. */
export function checkHistory(bucket: MemoryBucket, model: string, told: readonly Told[], seen: readonly Seen[]): string[] {
  const problems: string[] = [];
  const log = readLog(bucket, model, problems);
  checkTold(log, told, problems);
  replay(log, problems);
  for (const reader of seen) checkReader(reader, log, problems);
  return problems;
}

function readLog(bucket: MemoryBucket, model: string, problems: string[]): Commit[] {
  const keys = [...bucket.objects.keys()].filter((key) => key.startsWith(`models/${model}/log/`)).sort();
  let hash: string | null = null;
  let at = "";
  return keys.map((key, i) => {
    const body = bucket.objects.get(key)!.body;
    const entry = JSON.parse(new TextDecoder().decode(body)) as Commit;
    if (!key.endsWith(`/${String(i + 1).padStart(20, "0")}.json`) || entry.n !== i + 1) problems.push(`P1: entry ${i + 1} is ${key}, n ${entry.n}`);
    if (entry.previousHash !== hash) problems.push(`P1: entry ${i + 1} is not linked to the one before`);
    if (entry.at < at) problems.push(`P1: entry ${i + 1} goes back in time`);
    [hash, at] = [sha256Hex(body), entry.at];
    return entry;
  });
}

function checkTold(log: readonly Commit[], told: readonly Told[], problems: string[]): void {
  const numbers = new Map<string, number>();
  for (const { txn, n } of log) {
    const step = txn.replace(/#\d+$/, "");
    if (numbers.has(step)) problems.push(`P1: ${step} is entry ${numbers.get(step)} and entry ${n}`);
    numbers.set(step, n);
  }
  for (const { txn, n, refusal, zombie } of told) {
    if (n !== null && log[n - 1]?.txn.replace(/#\d+$/, "") !== txn) problems.push(`P1: ${txn} was acknowledged as entry ${n}, which is ${log[n - 1]?.txn}`);
    if (n === null && !zombie && numbers.has(txn)) problems.push(`P1: ${txn} was refused (${refusal}), and is entry ${numbers.get(txn)}`);
  }
}

/** Runs the operations again and compares the state after each. */
function replay(log: readonly Commit[], problems: string[]): void {
  const models = new Map<number, string>();
  const served = new Set<number>();
  const used = new Set<number>();
  let champion: number | null = null;
  let rollout = null as { readonly id: string; readonly v: number; readonly step: number } | null;
  for (const entry of log) {
    const { operation: op, n } = entry;
    const replaced = champion === null ? null : { version: champion, digest: models.get(champion)! };
    if (entry.expected !== null && JSON.stringify(entry.expected.champion) !== JSON.stringify(sorted(replaced))) problems.push(`P2: entry ${n} expected ${JSON.stringify(entry.expected)}, and version ${champion} served`);
    if (op.kind === "register") {
      if (op.v !== models.size + 1) problems.push(`P1: entry ${n} registers version ${op.v} after ${models.size}`);
      models.set(op.v, op.model.sha256);
    }
    if (op.kind === "promote") {
      const approval = log[(entry.approval?.n ?? n) - 1]!;
      if (used.has(approval.n)) problems.push(`P3: the approval in entry ${approval.n} is used twice, by entry ${n} too`);
      used.add(approval.n);
      if (rollout !== null && rollout.v !== op.v) problems.push(`P2: entry ${n} promotes version ${op.v} past the rollout of version ${rollout.v}`);
      rollout = null;
      if (approval.n >= n || !allows(approval, op.v, models.get(op.v), replaced)) problems.push(`P3: entry ${n} promotes version ${op.v} without an approval that counts`);
      champion = op.v;
    }
    if (op.kind === "rollback") {
      if (!served.has(op.v) || op.v === champion) problems.push(`P2: entry ${n} rolls back from ${champion} to ${op.v}`);
      champion = op.v;
      rollout = null;
    }
    if (op.kind === "rollout") {
      if ((op.action === "start") !== (rollout === null)) problems.push(`P2: entry ${n} ${op.action}s a rollout, and ${rollout?.id ?? "none"} was running`);
      if (op.action !== "start" && rollout?.v !== op.v) problems.push(`P2: entry ${n} ${op.action}s the rollout of version ${op.v}, and version ${rollout?.v} was taking over`);
      const given = op.action === "start" || op.action === "advance" ? log[(entry.approval?.n ?? n) - 1]! : null;
      if (given !== null && (given.n >= n || used.has(given.n) || !allows(given, op.v, models.get(op.v), replaced))) problems.push(`P3: entry ${n} ${op.action}s a rollout of version ${op.v} without an approval that counts`);
      if (op.action === "abort") log.forEach((one) => one.n < n && one.operation.kind === "decision" && one.operation.v === op.v && used.add(one.n));
      rollout = op.rollout === null ? null : { id: op.rollout.id, v: op.v, step: (rollout?.step ?? -1) + (op.action === "start" || op.action === "advance" ? 1 : 0) };
    }
    const kept = entry.state.rollout;
    if (kept?.id !== rollout?.id || kept?.step !== rollout?.step) problems.push(`P2: after entry ${n} rollout ${rollout?.id ?? "none"} should run at step ${rollout?.step}, and ${kept?.id ?? "none"} does at step ${kept?.step}`);
    if (champion !== null) served.add(champion);
    if ((entry.state.champion?.v ?? null) !== champion) problems.push(`P2: after entry ${n} version ${champion} should serve, and ${entry.state.champion?.v ?? "none"} does`);
  }
}

const sorted = (replaced: { version: number; digest: string } | null) => (replaced === null ? null : { digest: replaced.digest, version: replaced.version });

function allows({ operation: op }: Commit, v: number, model: string | undefined, replaced: { version: number; digest: string } | null): boolean {
  if (op.kind !== "decision" || op.v !== v || op.decision !== "approved" || op.subject.model !== model) return false;
  return op.digest === approvalDigest({ ...op.subject, champion: replaced });
}

function checkReader(reader: Seen, log: readonly Commit[], problems: string[]): void {
  let last = 0;
  for (const { n, champion } of reader) {
    if (n < last) problems.push(`P5: a reader saw entry ${n} after entry ${last}`);
    if (n > 0 && (log[n - 1]?.state.champion?.v ?? null) !== champion) problems.push(`P5: a reader saw version ${champion} serve at entry ${n}`);
    last = n;
  }
}

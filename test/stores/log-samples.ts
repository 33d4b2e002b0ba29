import { sha256Hex } from "../../stores/canonical.ts";
import type { AppendRequest, CommitLog } from "../../stores/commit-log.ts";
import { nobodyServes } from "../../stores/commit-rules.ts";
import { entryKey, type LoggedCommit } from "../../stores/log-entries.ts";
import type { ObjectStore } from "../../stores/object-store.ts";

const blob = { sha256: "ab".repeat(32), bytes: 1 };

/** An append that registers one version more; its content does not matter. */
export function registration(txn: string): AppendRequest {
  return {
    txn, actor: { kind: "workflow", name: "sample", claimed: false }, expected: null,
    plan: ({ tip }) => {
      const v = (tip?.entry.versions ?? 0) + 1;
      const operation = { kind: "register", v, model: blob, manifest: blob, evaluation: blob, card: blob, run: "r" } as const;
      return { operation, state: tip?.entry.state ?? nobodyServes, versions: v, approval: null, digests: {} };
    },
  };
}

export async function appendMany(log: CommitLog, count: number, prefix = "t"): Promise<void> {
  for (let i = 0; i < count; i++) await log.append(registration(`${prefix}${i}`));
}

/** Reads the whole log past every cache and says what is wrong with it: gaps, broken links, repeated transactions. */
export async function brokenLinks(store: ObjectStore, model: string): Promise<{ readonly problems: string[]; readonly txns: string[] }> {
  const [problems, txns]: [string[], string[]] = [[], []];
  let hash: string | null = null;
  for (let n = 1; ; n++) {
    const found = await store.get(entryKey(model, n));
    if (found === null) return { problems, txns };
    const entry = JSON.parse(new TextDecoder().decode(found.body)) as LoggedCommit["entry"];
    if (entry.previousHash !== hash) problems.push(`entry ${n} is not linked`);
    if (txns.includes(entry.txn)) problems.push(`entry ${n} repeats ${entry.txn}`);
    txns.push(entry.txn);
    hash = sha256Hex(found.body);
  }
}

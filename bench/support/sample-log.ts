import type { Champion } from "../../schemas/commit.ts";
import { openCommitLog, type AppendRequest, type LogView } from "../../stores/commit-log.ts";
import { nobodyServes } from "../../stores/commit-rules.ts";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";

const epoch = Date.parse("2013-01-01T00:00:00.000Z");
const blob = (v: number) => ({ sha256: v.toString(16).padStart(64, "0"), bytes: 5_000_000 });
const actor = { kind: "workflow", name: "flights/run/0123456789ab", claimed: false } as const;

/** When entry `n` of a sample log was written: one a minute. */
export const sampleTime = (n: number): string => new Date(epoch + n * 60_000).toISOString();

/**
 * Writes a log of `count` valid, linked entries with its folds and its head: registrations and promotions in turn. It is made in
 * memory by the code that makes every log, and copied as it is.
 */
export async function writeSampleLog(store: ObjectStore, model: string, count: number): Promise<void> {
  const bucket = createMemoryBucket();
  let n = 0;
  const log = openCommitLog(bucket.connect(), model, { now: () => new Date(sampleTime(n)) });
  for (n = 1; n <= count; n++) await log.append(sampleCommit(`sample/${n}`));
  await inParallel([...bucket.objects], 32, async ([key, { body }]) => void (await store.put(key, body, { contentType: "application/json" })));
}

/** Registers a version, or promotes the one that was registered last; what is in it does not matter, only its size and its links. */
export function sampleCommit(txn: string): AppendRequest {
  return { txn, actor, expected: null, plan: (view) => (view.tip?.entry.operation.kind === "register" ? promotion(view) : registration(view)) };
}

function registration({ tip }: LogView): Awaited<ReturnType<AppendRequest["plan"]>> {
  const v = (tip?.entry.versions ?? 0) + 1;
  const operation = { kind: "register", v, model: blob(v), manifest: blob(v), evaluation: blob(v), card: blob(v), run: actor.name } as const;
  return { operation, state: tip?.entry.state ?? nobodyServes, versions: v, approval: null, digests: { model: blob(v).sha256, manifest: blob(v).sha256 } };
}

function promotion({ tip }: LogView): Awaited<ReturnType<AppendRequest["plan"]>> {
  const v = tip?.entry.versions ?? 1;
  const old = tip?.entry.state.champion ?? null;
  const champion: Champion = { v, model: blob(v), manifest: blob(v) };
  const state = { champion, previous: old === null ? [] : [old], rollout: null };
  return { operation: { kind: "promote", v, from: old?.v ?? null, run: actor.name }, state, versions: v, approval: { n: tip?.entry.n ?? 1, digest: blob(v).sha256 }, digests: { model: blob(v).sha256 } };
}

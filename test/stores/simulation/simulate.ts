import type { RecordedAnswer } from "../../../schemas/approval.ts";
import type { ApprovalSubject, Decision } from "../../../schemas/commit.ts";
import { failureTypeOf, type RelearnError } from "../../../schemas/failures.ts";
import type { Manifest } from "../../../schemas/manifest.ts";
import { approvalDigest } from "../../../stores/approval-digest.ts";
import { putBlob } from "../../../stores/blobs.ts";
import { replacedBy } from "../../../stores/commit-rules.ts";
import { createMemoryBucket } from "../../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../../stores/object-store.ts";
import { openRegistry, type Registry, type RegistryOptions } from "../../../stores/registry.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { checkHistory, type Seen, type Told } from "./check-history.ts";
import { Crash, faultyClient, type FaultBudget } from "./faulty-client.ts";
import { createScheduler } from "./scheduler.ts";

/** A way to break the code on purpose. */
export interface Mutant {
  readonly options?: RegistryOptions;
  readonly store?: (real: ObjectStore) => ObjectStore;
  readonly txn?: (txn: string, attempt: number) => string;
}

export interface Simulated {
  readonly problems: readonly string[];
  readonly entries: number;
  readonly faults: number;
}

const model = "flights";
const actor = { kind: "workflow", name: "simulated", claimed: false } as const;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const answerTo = (subject: ApprovalSubject, decision: Decision): RecordedAnswer =>
  ({ by: "ann", claimed: true, decision: decision === "approved" ? "approve" : "reject", digest: approvalDigest(subject), comment: "", at: "2013-03-01T00:00:00.000Z", refused: decision === "expired" ? "too late" : null });

/** Runs, approvals, promotions and rollbacks of one model at once, on a bad network, among processes that die and come back. */
export async function simulate(seed: number, mutant: Mutant = {}): Promise<Simulated> {
  const scheduler = createScheduler(seededRandom(seed));
  const bucket = createMemoryBucket("simulated", () => new Date(0));
  const budget: FaultBudget = { left: scheduler.pick([0, 3, 6, 12]), rate: scheduler.pick([0.05, 0.15, 0.3]) };
  const given = budget.left;
  const told: Told[] = [];
  const seen: Seen[] = [];
  const skew = () => scheduler.pick([-600_000, 0, 0, 600_000]);

  const open = (becomeZombie: () => void): { registry: Registry; store: ObjectStore } => {
    const client = faultyClient(bucket, scheduler, budget, becomeZombie);
    const store = mutant.store?.(client) ?? client;
    const offset = skew();
    const options: RegistryOptions = { now: () => new Date(scheduler.now() + offset), sleep: () => scheduler.turn(), attempts: 4, ...mutant.options };
    return { registry: openRegistry(store, model, options), store };
  };

  /** What Temporal does for an activity: tries until it is answered, in another process after a crash or a time-out. Null: refused. */
  const step = async <T extends { entry: { n: number } }>(name: string, run: (registry: Registry, txn: string, store: ObjectStore) => Promise<T>): Promise<T | null> => {
    let zombie = false;
    for (let attempt = 1; ; attempt++) {
      const txn = mutant.txn?.(name, attempt) ?? name;
      let takeOver: (value: "zombie") => void = () => {};
      const takenForDead = new Promise<"zombie">((go) => void (takeOver = go));
      const { registry, store } = open(() => takeOver("zombie"));
      try {
        const outcome = await Promise.race([run(registry, txn, store), takenForDead]);
        if (outcome !== "zombie") {
          told.push({ txn: name, n: outcome.entry.n, refusal: null, zombie });
          return outcome;
        }
        zombie = true;
      } catch (error) {
        if (!(error instanceof Crash) && failureTypeOf(error) !== "StoreUnavailable") {
          if (failureTypeOf(error) === null || failureTypeOf(error) === "Corrupt") throw error;
          told.push({ txn: name, n: null, refusal: (error as RelearnError).message, zombie });
          return null;
        }
      }
      await scheduler.turn();
    }
  };

  const trainingRun = async (id: string): Promise<void> => {
    const evaluation = await putBlob(bucket.connect(), bytes(`evaluation ${id}`));
    const registered = await step(`${id}/register`, async (registry, txn, store) => {
      const file = await putBlob(store, bytes(`model ${id}`));
      return registry.register({ txn, actor, run: id, model: file, evaluation, describe: async (v) => ({ manifest: { v } as Manifest, card: `# ${v}` }) });
    });
    if (registered === null) throw new Error(`${id} could not register`);
    for (let question = 1; question <= 3; question++) {
      const champion = replacedBy(await readChampion());
      await scheduler.turn();
      const decision = scheduler.pick(["approved", "approved", "approved", "rejected", "expired"] as const);
      const decided = await step(`${id}/decide/${question}`, (registry, txn) => registry.recordDecision({ txn, actor, v: registered.v, run: id, evaluation: evaluation.sha256, champion, decision, answers: [answerTo({ run: id, model: registered.entry.digests["model"]!, evaluation: evaluation.sha256, champion }, decision)] }));
      if (decided === null) continue;
      if (scheduler.chance(0.3)) await takeOver(`${id}/rollout/${question}`, registered.v);
      const promotions = scheduler.chance(0.2) ? ["a", "b"] : ["a"];
      const promoted = await Promise.all(promotions.map((p) => step(`${id}/promote/${question}${p}`, (registry, txn) => registry.promote({ txn, actor, v: registered.v, run: id }))));
      if (promoted.some((outcome) => outcome !== null) || decision !== "approved") return;
    }
  };

  /** A rollout that steps on, and may be aborted by somebody else at any moment. */
  const takeOver = async (id: string, v: number): Promise<void> => {
    if ((await step(`${id}/start`, (registry, txn) => registry.startRollout({ txn, actor, v, id, kind: "canary", share: 5, reason: "" }))) === null) return;
    const act = (action: "advance" | "abort" | "pause", at: number) => step(`${id}/${action}`, (registry, txn) => registry.stepRollout({ txn, actor, id, step: at, action, share: action === "advance" ? 50 : undefined, reason: "", checks: [] }));
    await Promise.all([...(scheduler.chance(0.5) ? [act("abort", scheduler.pick([0, 1]))] : []), act(scheduler.pick(["advance", "pause"] as const), 0)]);
  };

  const readChampion = async () => openRegistry(bucket.connect(), model).champion();

  const operator = async (id: string): Promise<void> => {
    for (let i = scheduler.pick([2, 10, 30]); i > 0; i--) await scheduler.turn();
    const expected = scheduler.chance(0.5) ? { champion: replacedBy(await readChampion()) } : undefined;
    for (let i = scheduler.pick([0, 5, 15]); i > 0; i--) await scheduler.turn();
    await step(`${id}/rollback`, (registry, txn) => registry.rollback({ txn, actor, reason: "simulated", expected }));
  };

  const reader = async (): Promise<void> => {
    const log: { n: number; champion: number | null }[] = [];
    seen.push(log);
    const registry = openRegistry(bucket.connect(), model);
    for (let i = 0; i < 12; i++) {
      await scheduler.turn();
      const tip = await registry.log.tip();
      log.push({ n: tip?.entry.n ?? 0, champion: tip?.entry.state.champion?.v ?? null });
    }
  };

  const problems: string[] = [];
  const actors = [...Array.from({ length: scheduler.pick([2, 3]) }, (_, i) => trainingRun(`run-${i}`)), ...Array.from({ length: scheduler.pick([1, 2]) }, (_, i) => operator(`op-${i}`)), reader()];
  let ended = 0;
  const all = actors.map((running) => running.then(() => void ended++, (error: unknown) => void problems.push(`P7: ${String(error)}`)));
  if (!(await scheduler.run(20_000))) return { problems: ["P7: it does not come to an end"], entries: 0, faults: given };
  if (ended + problems.length < actors.length) problems.push("P7: a workflow waits for ever");
  else await Promise.all(all);
  problems.push(...checkHistory(bucket, model, told, seen));
  const entries = [...bucket.objects.keys()].filter((key) => key.includes("/log/")).length;
  return { problems, entries, faults: given - budget.left };
}

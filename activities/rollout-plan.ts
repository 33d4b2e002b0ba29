import type { z } from "zod";
import { counted } from "../policy/counted.ts";
import { readJson } from "../schemas/boundary.ts";
import { durationSeconds } from "../schemas/calendar.ts";
import type { ActiveRollout } from "../schemas/commit.ts";
import { type Evaluation, evaluation as evaluationSchema } from "../schemas/evaluation.ts";
import { isRetryable, RelearnError } from "../schemas/failures.ts";
import { manifest as manifestSchema } from "../schemas/manifest.ts";
import type { BlobRef } from "../schemas/names.ts";
import type { Replica } from "../schemas/replica.ts";
import type { GuardMetric, Rollout } from "../schemas/rollout.ts";
import type { Guard, RolloutPlan } from "../schemas/rollout-evidence.ts";
import { quantileOf } from "../stats/guard-evidence.ts";
import { addVariants } from "../stats/variant-totals.ts";
import { getBlob } from "../stores/blobs.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { openRegistry, type Registry } from "../stores/registry.ts";
import { listReplicas } from "../stores/replicas.ts";
import type { Activities } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { readDefinition } from "./support/read-definition.ts";

/** Where nobody serves yet, or no server is alive, there is nobody to be careful with: the version takes over at once. */
export function createRolloutStart({ store, now }: Dependencies): Activities["rolloutStart"] {
  return async ({ model, v }) => {
    const registry = openRegistry(store, model);
    const champion = await registry.champion();
    if (champion === null) return { plan: null, reason: `nothing of ${model} served before it, so it took over at once`, championP99: null };
    const live = await listReplicas(store, model, now());
    if (live.length === 0) return { plan: null, reason: `no server of ${model} is alive, so it took over at once`, championP99: null };
    return { plan: await planOf(store, registry, v, champion.model.sha256), reason: `${counted(live.length, "server")} alive`, championP99: championP99(live, champion.model.sha256) };
  };
}

export function createTakingOver({ store, now }: Dependencies): Activities["takingOver"] {
  return async ({ model }) => {
    const registry = openRegistry(store, model);
    const state = (await registry.log.tip())?.entry.state;
    const rollout = state?.rollout ?? null;
    if (state === undefined || rollout === null) return null;
    const start = (await registry.log.summaries()).findLast((summary) => summary.action === "start");
    if (start === undefined) throw new RelearnError("Corrupt", `the log of ${model} has a rollout that never started; run \`relearn verify\``);
    const live = await listReplicas(store, model, now());
    return { rollout, n: start.n, startedAt: start.at, plan: await planOf(store, registry, rollout.candidate.v, state.champion?.model.sha256 ?? "").catch((error: unknown) => withoutDefinition(error, rollout)), championP99: championP99(live, state.champion?.model.sha256 ?? "") };
  };
}

/** @param champion digest of the model that serves */
async function planOf(store: ObjectStore, registry: Registry, v: number, champion: string): Promise<RolloutPlan> {
  const version = await registry.version(v);
  if (version === null) throw new RelearnError("NotFound", `${registry.model} has no version ${v}`);
  const document = async <S extends z.ZodType>(schema: S, ref: BlobRef, what: string) => readJson(schema, new TextDecoder().decode(await getBlob(store, ref)), `the ${what} of ${registry.model} ${v}`);
  const manifest = await document(manifestSchema, version.manifest, "manifest");
  const plan = rolloutPlan((await readDefinition(store, manifest.definition)).rollout);
  if (!plan.guards.some(({ metric }) => metric === "output_shift")) return plan;
  return withAllowance(plan, await document(evaluationSchema, version.evaluation, "evaluation").catch(noneReadable), champion);
}

/** Outputs may differ as far as they did in an evaluation that passed its gates, if it was against the champion that serves: what failed shows no difference to bear. */
export function withAllowance(plan: RolloutPlan, evaluation: Evaluation | null, champion: string): RolloutPlan {
  const measured = evaluation?.passed === true && evaluation.champion?.model === champion ? (evaluation.holdouts.find(({ holdout }) => holdout === "recent")?.outputShift ?? null) : null;
  if (measured === null) return plan;
  return { ...plan, guards: plan.guards.map((guard) => (guard.metric === "output_shift" ? { ...guard, allowance: measured } : guard)) };
}

/** Where the definition cannot be read (any more) nothing is known to judge by, so it stays as it is until a person says what to do. */
function withoutDefinition(error: unknown, { kind, share }: ActiveRollout): RolloutPlan {
  noneReadable(error);
  return { kind, shares: [share], eachMs: 0, samples: 0, guards: [], withinMs: Number.MAX_SAFE_INTEGER };
}

/** What another try may read is tried again. */
function noneReadable(error: unknown): null {
  if (isRetryable(error)) throw error;
  return null;
}

/** Every kind of rollout as a list of steps, with the guards that a step needs also where nobody wrote them. */
export function rolloutPlan(rollout: Rollout): RolloutPlan {
  const ms = (duration: string): number => durationSeconds(duration) * 1000;
  const withinMs = ms(rollout.within);
  switch (rollout.kind) {
    case "blueGreen": return { kind: "blueGreen", shares: [0], eachMs: 0, samples: 0, guards: [], withinMs };
    case "shadow": return { kind: "shadow", shares: [rollout.share], eachMs: ms(rollout.for), samples: rollout.samples, labels: rollout.labels, guards: withReport(guardsOf(rollout.rollbackOn)), withinMs };
    case "canary": return { kind: "canary", shares: rollout.steps, eachMs: ms(rollout.each), samples: rollout.samples, labels: rollout.labels, guards: guardsOf(rollout.rollbackOn), withinMs };
  }
}

/** How often a shadow answered otherwise is told also where nobody gave a limit. */
const withReport = (guards: Guard[]): Guard[] => (guards.some(({ metric }) => metric === "disagreement") ? guards : [...guards, { metric: "disagreement", limit: null, implied: true }]);

function guardsOf(rollbackOn: readonly string[]): Guard[] {
  const written = rollbackOn.map((text): Guard => {
    const [metric, limit] = text.split(" > ");
    return { metric: metric as GuardMetric, limit: Number(limit), implied: false };
  });
  const has = (...metrics: readonly GuardMetric[]): boolean => written.some(({ metric }) => metrics.includes(metric));
  return [
    ...(has("error_rate") ? [] : [{ metric: "error_rate", limit: 0.01, implied: true } as const]),
    ...(has("p99_ms", "p50_ms") ? [] : [{ metric: "p99_ms", limit: null, implied: true } as const]),
    ...(has("wrong_rate") ? [] : [{ metric: "wrong_rate", limit: null, implied: true } as const]),
    ...written,
  ];
}

/** The champion's p99 by all that the servers have counted of it; null below a hundred requests, which say nothing of the slowest hundredth. */
function championP99(live: readonly Replica[], digest: string): number | null {
  const totals = addVariants(live.flatMap(({ counts }) => counts.filter((one) => one.variant === "champion" && one.digest === digest)));
  return totals.requests < fewestForP99 ? null : quantileOf(totals.latency, 0.99);
}

export const fewestForP99 = 100;

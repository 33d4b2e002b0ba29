import type { Client } from "@temporalio/client";
import { createAnnounceChampion } from "../../activities/announce-champion.ts";
import { createChampion } from "../../activities/champion.ts";
import type { Activities } from "../../activities/contract.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createPromote, createRollback } from "../../activities/promote.ts";
import { createPropose } from "../../activities/propose.ts";
import { createRolloutEvidence, createWhoServes } from "../../activities/rollout-evidence.ts";
import { createRolloutStart, createTakingOver } from "../../activities/rollout-plan.ts";
import { createStartRollout, createStepRollout } from "../../activities/rollout-steps.ts";
import { withFailures } from "../../activities/support/as-failure.ts";
import type { Commit } from "../../schemas/commit.ts";
import { definition as definitionSchema } from "../../schemas/definition.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import type { S3Settings } from "../../schemas/settings.ts";
import type { RolloutInput } from "../../schemas/rollout.ts";
import { putBlob, putJsonBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry, type Registry } from "../../stores/registry.ts";
import { connectS3 } from "../../stores/s3-object-store.ts";
import { publicKeyOf, signManifest } from "../../stores/signing.ts";
import { verifyModel } from "../../stores/verify.ts";
import type { DeploymentStatus } from "../../workflows/messages.ts";
import { approveSample, key, robot, sampleManifest } from "../stores/registry-samples.ts";
import { freshBucket } from "../support/s3.ts";
import { calmActivities, eventually, type Harness, withWorkers } from "./harness.ts";
import { pretendServer, type Played } from "./pretend-server.ts";

export interface Stage extends Harness {
  readonly store: ObjectStore;
  readonly s3: S3Settings;
  readonly registry: Registry;
  readonly handle: Awaited<ReturnType<Harness["start"]>>;
  status(): Promise<DeploymentStatus>;
  /** Registers and approves a version whose definition says how it takes over. */
  approved(content: string): Promise<number>;
  serve(id: string, played: Played): void;
  propose(v: number, run?: string): Promise<unknown>;
  /** What became of a proposal, once it has. */
  settled(run?: string): Promise<DeploymentStatus["settled"][number]["answer"]>;
  entries(): Promise<Commit[]>;
  /** Problems that `relearn verify` finds in the log. */
  problems(): Promise<readonly string[]>;
}

/** A deployment on a real Temporal and a real bucket, with a champion; a test plays the servers. */
export async function rolloutStage(rollout: RolloutInput, act: (stage: Stage) => Promise<void>, { replaced = {}, state = {}, modelOf, contract }: { replaced?: Partial<Activities>; state?: object; modelOf?: ModelOf; contract?: ServedContract } = {}): Promise<void> {
  const settings = await freshBucket("rollout");
  const store = connectS3({ ...settings, credentials: settings.credentials! });
  const servers: { stop(): Promise<void> }[] = [];
  const deps = { store, now: () => new Date().toISOString(), workflows: undefined as unknown as Client["workflow"] };
  const activities = withFailures<Activities>({ ...calmActivities({ ...realOnes(deps as unknown as Dependencies), ...replaced }) });
  try {
    await withWorkers(activities, async (harness) => {
      deps.workflows = harness.client.workflow;
      const registry = openRegistry(store, harness.pipeline);
      const approved = (content: string) => approvedVersion(store, registry, rollout, content, modelOf, contract);
      await registry.promote({ txn: "first", actor: robot, v: await approved("a"), run: "first" });
      const handle = await harness.start("deployment", `${harness.pipeline}/deployment`, [{ model: harness.pipeline, ...state }]);
      const status = () => handle.query<DeploymentStatus>("status");
      await act({
        ...harness, store, s3: settings, registry, handle, status, approved,
        serve: (id, played) => void servers.push(pretendServer(store, harness.pipeline, id, played)),
        propose: (v, run = "run-a") => handle.executeUpdate("propose", { args: [{ v, run }] }),
        settled: async (run = "run-a") => {
          const find = async () => (await status()).settled.find((one) => one.run === run)?.answer;
          await eventually(async () => (await find()) !== undefined, `the proposal of ${run} is settled`, 40_000);
          return (await find())!;
        },
        entries: async () => {
          const found: Commit[] = [];
          for await (const { entry } of registry.history()) found.unshift(entry);
          return found;
        },
        problems: async () => (await verifyModel(store, harness.pipeline, { trusted: [publicKeyOf(key)] })).findings.map(({ problem }) => problem),
      });
      await harness.client.workflow.getHandle(handle.workflowId).terminate("the test is over").catch(() => undefined);
    });
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    store.close();
  }
}

function realOnes(deps: Dependencies): Partial<Activities> {
  return {
    champion: createChampion(deps), promote: createPromote(deps), rollback: createRollback(deps), propose: createPropose(deps),
    announceChampion: (input) => createAnnounceChampion(deps)(input),
    rolloutStart: createRolloutStart(deps), startRollout: createStartRollout(deps), stepRollout: createStepRollout(deps),
    rolloutEvidence: createRolloutEvidence(deps), takingOver: createTakingOver(deps), whoServes: createWhoServes(deps),
  };
}

/** Bytes of the model of a version, where a real server is to load it. */
export type ModelOf = (content: string) => Uint8Array;
export type ServedContract = Pick<Manifest, "inputs" | "outputs">;
/** One number `x` in, `value` out. */
const servable: ServedContract = { inputs: [{ name: "x", column: { type: "number", nullable: true, wide: false, feature: true } }], outputs: { task: "regression", classes: null } };

/** Registers and approves a version whose definition says how it takes over. */
export async function approvedVersion(store: ObjectStore, registry: Registry, rollout: RolloutInput, content: string, modelOf?: ModelOf, contract = servable): Promise<number> {
  const definition = await putJsonBlob(store, definitionSchema.parse({
    name: registry.model, sources: { rows: { format: "csv", uri: "rows/", time: "at" } }, columns: { distance: { type: "number" } }, label: { column: "late", task: "binary" },
    windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [{ kind: "atLeast", metric: "auc", value: 0.6 }], rollout,
  }));
  const model = await putBlob(store, modelOf?.(content) ?? new TextEncoder().encode(content));
  const evaluation = await putBlob(store, new TextEncoder().encode(`{"of":"${content}"}`));
  const describe = async (v: number) => {
    const { signature: _, ...unsigned } = sampleManifest(registry.model, v, model, evaluation);
    return { manifest: signManifest({ ...unsigned, definition, ...(modelOf === undefined ? {} : contract) }, key), card: `# version ${v}\n` };
  };
  const { v } = await registry.register({ txn: `register ${content}`, actor: robot, run: robot.name, model, evaluation, describe });
  await approveSample(registry, v);
  return v;
}

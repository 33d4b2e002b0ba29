import { readJson } from "../schemas/boundary.ts";
import type { Definition } from "../schemas/definition.ts";
import { type Evaluation, evaluation as evaluationSchema } from "../schemas/evaluation.ts";
import type { UnsignedManifest } from "../schemas/manifest.ts";
import type { Snapshot } from "../schemas/dataset.ts";
import { getBlob } from "../stores/blobs.ts";
import { readSnapshot } from "../stores/datasets.ts";
import { openRegistry } from "../stores/registry.ts";
import { signManifest } from "../stores/signing.ts";
import { keyColumns } from "../tables/prepared-columns.ts";
import type { Activities, RegisterInput } from "./contract.ts";
import type { Dependencies } from "./dependencies.ts";
import { codeCommit } from "./support/code-commit.ts";
import { modelCard } from "./support/model-card.ts";
import { readDefinition } from "./support/read-definition.ts";

/** Registers a candidate: the next version number, a signed manifest with its whole lineage, and a card for people. */
export function createRegister(deps: Dependencies): Activities["register"] {
  return async (input) => {
    const { store } = deps;
    const definition = await readDefinition(store, input.definition);
    const snapshot = await readSnapshot(store, input.pipeline, input.snapshot);
    const evaluation = readJson(evaluationSchema, new TextDecoder().decode(await getBlob(store, input.evaluation)), "the evaluation");
    const code = await codeCommit(definition.trainer.workdir);
    const createdAt = deps.now();
    const { entry, v } = await openRegistry(store, input.pipeline).register({
      run: input.run, model: input.trained.model, evaluation: input.evaluation,
      txn: `${input.run}/register`, actor: { kind: "workflow", name: input.run, claimed: false },
      describe: async (v) => {
        const manifest = signManifest(unsigned({ input, definition, snapshot, evaluation, code, createdAt, v }), deps.signingKey);
        return { manifest, card: modelCard({ manifest, definition, evaluation, snapshot, causes: input.causes }) };
      },
    });
    const { operation } = entry;
    if (operation.kind !== "register") throw new Error(`entry ${entry.n} registers no version`);
    return { v, model: operation.model, manifest: operation.manifest };
  };
}

interface Described {
  readonly input: RegisterInput;
  readonly definition: Definition;
  readonly snapshot: Snapshot;
  readonly evaluation: Evaluation;
  readonly code: UnsignedManifest["code"];
  readonly createdAt: string;
  readonly v: number;
}

function unsigned({ input, definition, snapshot, evaluation, code, createdAt, v }: Described): UnsignedManifest {
  const { trained } = input;
  const recent = evaluation.holdouts.find((holdout) => holdout.holdout === "recent");
  const metrics = Object.entries(recent?.candidate ?? {}).flatMap(([name, { value }]) => (value === null ? [] : [[name, value] as const]));
  return {
    version: 1, model: input.pipeline, v, file: trained.model, evaluation: input.evaluation, ...(evaluation.golden && { golden: evaluation.golden }), snapshot: snapshot.id, definition: input.definition, code,
    trainer: { command: definition.trainer.command, packages: trained.environment }, params: definition.trainer.params, seed: trained.seed,
    job: trained.job, run: input.run, windows: input.windows,
    inputs: Object.entries(definition.columns).filter(([, column]) => column.feature).map(([name, column]) => ({ name, column })),
    ...(definition.consent === undefined ? {} : { consent: definition.consent }), ...keyOfRows(definition),
    outputs: { task: definition.label.task, classes: snapshot.classes }, metrics: Object.fromEntries(metrics), createdAt,
  };
}

function keyOfRows(definition: Definition): Pick<UnsignedManifest, "key"> {
  const key = keyColumns(definition);
  const isHidden = key.some((name) => definition.columns[name]?.private === true);
  return key.length === 0 || isHidden ? {} : { key };
}

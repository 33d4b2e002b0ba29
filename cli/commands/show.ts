import { counted } from "../../policy/counted.ts";
import type { Commit } from "../../schemas/commit.ts";
import { readJson } from "../../schemas/boundary.ts";
import { evaluation } from "../../schemas/evaluation.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { manifest } from "../../schemas/manifest.ts";
import { lastDecision } from "../../stores/approval-rules.ts";
import { getBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import type { Registry, Version } from "../../stores/registry.ts";
import { listReplicas } from "../../stores/replicas.ts";
import { readModel, readPast } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { evidenceText } from "../support/evidence.ts";
import { figure, shortTime } from "../support/format.ts";
import { knownModel, versionsText } from "../support/known-model.ts";
import { replicasText } from "../support/replicas-text.ts";
import { withStore } from "../support/store.ts";
import { zoneOf } from "../support/zone-of.ts";
import { plain } from "../support/style.ts";
import { renderTable } from "../support/table.ts";
import { detailOf } from "./history.ts";

/** A model and its versions, one version whole, or what served at a moment and who allowed it. */
export async function show(cli: Cli, given: string, options: { readonly at?: string }): Promise<void> {
  const { model, version } = readModel(given);
  if (options.at !== undefined && typeof version === "number") throw new RelearnError("Usage", `--at says what served at a time, so it goes with a model alone: relearn show ${model} --at ${options.at}`);
  await withStore(await cli.settings(), async (store) => {
    const registry = await knownModel(store, model);
    if (options.at !== undefined) return showAt(cli, registry, readPast("--at", options.at, await zoneOf(store, model)));
    if (version === null) return showModel(cli, store, registry);
    return showVersion(cli, store, registry, await numberOf(registry, version));
  });
}

async function numberOf(registry: Registry, version: number | "champion"): Promise<number> {
  if (version !== "champion") return version;
  const champion = await registry.champion();
  if (champion === null) throw new RelearnError("NotFound", `${registry.model} has no champion yet; \`relearn runs ${registry.model}\` lists the runs that wait for an approval`);
  return champion.v;
}

async function showAt(cli: Cli, registry: Registry, at: string): Promise<void> {
  const served = await registry.at(at);
  const champion = served?.entry.state.champion ?? null;
  const change = champion === null ? null : await changeTo(registry, served!.entry);
  const allowed = change?.approval === null || change === null ? null : ((await registry.log.entry(change.approval.n))?.entry ?? null);
  const text = champion === null ? `at ${shortTime(at)} nothing of ${registry.model} served` : [
    `at ${shortTime(at)} version ${champion.v} of ${registry.model} served`,
    `  model     ${champion.model.sha256}`,
    ...(change === null ? [] : [`  since     ${shortTime(change.at)} (entry ${change.n}: ${change.operation.kind} by ${plain(change.actor.name)}, ${detailOf(change)})`]),
    ...(allowed === null ? [] : [`  allowed   ${shortTime(allowed.at)} (entry ${allowed.n}: ${detailOf(allowed)})`]),
  ].join("\n");
  cli.give({ model: registry.model, at, entry: served?.entry.n ?? null, champion, change, approval: allowed }, text);
}

/** The entry that made today's champion of `entry` the champion. */
async function changeTo(registry: Registry, entry: Commit): Promise<Commit | null> {
  const v = entry.state.champion?.v;
  for await (const found of registry.history({ before: entry.n + 1 })) {
    const { kind } = found.entry.operation;
    if ((kind === "promote" || kind === "rollback") && found.entry.operation.v === v) return found.entry;
  }
  return null;
}

async function showModel(cli: Cli, store: ObjectStore, registry: Registry): Promise<void> {
  const versions = [...(await registry.list())].reverse();
  const champion = await registry.champion();
  const replicas = await listReplicas(store, registry.model, Date.now());
  const shown = await Promise.all(versions.slice(0, 50).map(async (version) => ({ ...version, metrics: (await readManifest(store, version)).metrics })));
  const names = Object.keys(shown[0]?.metrics ?? {}).slice(0, 3);
  const table = renderTable([
    { title: "VERSION", cell: (version) => `v${version.v}` },
    { title: "STATUS", cell: (version) => (version.status === "champion" ? cli.style.green("champion") : version.status) },
    { title: "REGISTERED", cell: (version) => shortTime(version.registeredAt) },
    ...names.map((name) => ({ title: name.toUpperCase(), cell: (version: (typeof shown)[number]) => figure(version.metrics[name] ?? null), right: true })),
    { title: "DIGEST", cell: (version) => version.model.sha256.slice(0, 12) },
    { title: "RUN", cell: (version) => version.run, shrinks: true },
  ], shown, cli.width);
  cli.give({ model: registry.model, champion, versions: shown, replicas }, `${registry.model}: ${champion === null ? "no champion" : `version ${champion.v} serves`}\n${replicasText(replicas)}\n\n${table}`);
  if (versions.length > shown.length) cli.say(cli.style.dim(`${counted(versions.length - shown.length, "older version")} not shown`));
  cli.say(cli.style.dim(`\nrelearn show ${registry.model}@${versions[0]?.v ?? 1}   relearn history ${registry.model}`));
}

const readManifest = async (store: ObjectStore, version: Version) => readJson(manifest, await textOf(store, version.manifest), `the manifest of version ${version.v}`);
const textOf = async (store: ObjectStore, ref: Version["manifest"]) => new TextDecoder().decode(await getBlob(store, ref));

/** Who said yes or no to it last; null while nobody has. */
async function decisionOf({ log }: Registry, v: number): Promise<Commit | null> {
  const found = lastDecision(await log.summaries(), v);
  return found === undefined ? null : ((await log.entry(found.n))?.entry ?? null);
}

async function showVersion(cli: Cli, store: ObjectStore, registry: Registry, v: number): Promise<void> {
  const version = await registry.version(v);
  if (version === null) throw new RelearnError("NotFound", `${registry.model} has no version ${v}; it has ${versionsText((await registry.log.tip())?.entry.versions ?? 0)}`);
  const [lineage, evidence, decision] = await Promise.all([readManifest(store, version), textOf(store, version.evaluation).then((text) => readJson(evaluation, text, `the evaluation of version ${v}`)), decisionOf(registry, v)]);
  const text = [
    `${registry.model} version ${v}: ${cli.style.bold(version.status)}`,
    `  model       ${version.model.sha256} (${version.model.bytes} bytes)`,
    `  run         ${version.run}`,
    `  data        snapshot ${lineage.snapshot.slice(0, 12)}, trained ${shortTime(lineage.windows.train.from)} to ${shortTime(lineage.windows.train.to)}`,
    `  definition  ${lineage.definition.sha256.slice(0, 12)}`,
    `  code        ${lineage.code === null ? "not in git" : `${lineage.code.commit.slice(0, 12)}${lineage.code.dirty ? " with uncommitted changes" : ""}`}`,
    `  trainer     ${plain(lineage.trainer.command.join(" "))}, seed ${lineage.seed}`,
    `  signed by   ${lineage.signature.key}`,
    `  decided     ${decision === null ? "not yet" : `${shortTime(decision.at)} (entry ${decision.n}: ${detailOf(decision)})`}`,
    "",
    evidenceText(evidence, cli, "past"),
  ].join("\n");
  cli.give({ ...version, model: registry.model, file: version.model, lineage, evidence, decision }, text);
}

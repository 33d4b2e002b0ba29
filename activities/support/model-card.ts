import type { Cause } from "../../schemas/cause.ts";
import type { Snapshot } from "../../schemas/dataset.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { Evaluation } from "../../schemas/evaluation.ts";
import type { Manifest } from "../../schemas/manifest.ts";
import { evidenceMarkdown, table } from "./evidence.ts";

export interface CardFacts {
  readonly manifest: Manifest;
  readonly definition: Definition;
  readonly evaluation: Evaluation;
  readonly snapshot: Snapshot;
  readonly causes: readonly Cause[];
}

/** The card of one version, as Markdown with the YAML front matter that model hubs read. */
export function modelCard({ manifest, definition, evaluation, snapshot, causes }: CardFacts): string {
  return [frontMatter(manifest), `# ${manifest.model}, version ${manifest.v}`, details(manifest, definition, causes), trainingData(manifest, snapshot), `## Evaluation\n\n${evidenceMarkdown(evaluation)}`, inputs(manifest), howToVerify(manifest)].join("\n\n") + "\n";
}

function frontMatter(manifest: Manifest): string {
  const task = manifest.outputs.task === "regression" ? "tabular-regression" : "tabular-classification";
  return `---\nlibrary_name: onnx\npipeline_tag: ${task}\ntags: [relearn]\n---`;
}

function details({ run, job, code, trainer, seed, createdAt, file }: Manifest, definition: Definition, causes: readonly Cause[]): string {
  const commit = code === null ? "not under git" : `${code.commit}${code.dirty ? " with uncommitted changes" : ""}`;
  const why = causes.map((cause) => `${cause.kind} ${cause.by ?? cause.key}`).join(", ");
  return `## Details\n\n${table(["what", "value"], [
    ["predicts", `${definition.label.column} (${definition.label.task})`], ["trained by", `${trainer.command.join(" ")}, seed ${seed}`], ["job", job], ["run", run], ["why it ran", why],
    ["code", commit], ["made", createdAt], ["model file", `SHA-256 ${file.sha256}, ${file.bytes} bytes`], ["packages", Object.entries(trainer.packages).map(([name, version]) => `${name} ${version}`).join(", ")],
  ])}`;
}

function trainingData({ windows, definition }: Manifest, snapshot: Snapshot): string {
  const { rows } = snapshot;
  return `## Training data\n\n${table(["what", "value"], [
    ["snapshot", snapshot.id], ["definition", definition.sha256], ["train window", `${windows.train.from} to ${windows.train.to}`], ["holdout window", `${windows.holdout.from} to ${windows.holdout.to}`],
    ["rows", `${rows.in} in, ${rows.accepted} accepted, ${rows.quarantined} quarantined, ${rows.duplicates} duplicates dropped; ${rows.train} to train, ${rows.holdout} in the holdout`],
    ["files", snapshot.files.map((file) => file.uri).join(", ")],
  ])}`;
}

function inputs(manifest: Manifest): string {
  return `## Inputs\n\n${table(["column", "type"], manifest.inputs.map(({ name, column }) => [name, `${column.type}${"nullable" in column && column.nullable ? ", may be null" : ""}`]))}`;
}

function howToVerify({ model, signature }: Manifest): string {
  return `## Verify\n\nThe manifest is signed (ed25519, public key \`${signature.key}\`). \`relearn verify ${model}\` checks every digest, signature and link of the log.`;
}

import { inputOf } from "../../inference/signature.ts";
import { column } from "../../schemas/column.ts";
import { most } from "../../schemas/definition.ts";
import { metricsOf } from "../../stats/model-metrics.ts";
import { definitionSchema, entryOf, type Key, kindOf, type Node, ownKeys } from "../support/definition-keys.ts";

const top = definitionSchema.properties!;
const variants = (name: string): readonly Node[] => (entryOf(top[name]!) ?? top[name]!).oneOf!;

const labelSources = variants("sources").find((one) => kindOf(one)[1] === "predictions")!.properties!["labels"]!.oneOf!;

/** The tables of docs/definition.md by the name of their block. */
export const tables: Readonly<Record<string, () => string>> = {
  "all keys": () => keyTable(ownKeys(definitionSchema)),
  "source kinds": () => table(["format", "what it is", "keys"], variants("sources").map(gateKind)),
  sources: () => kindTable("sources"),
  "label sources": () => table(["from", "what they are", "keys"], labelSources.map(gateKind)),
  labels: () => kindTableOf(labelSources),
  "column types": () => table(["type", "what it is", "ONNX input", "null"], variants("columns").map(columnType)),
  columns: () => kindTable("columns"),
  label: () => keyTable(ownKeys(top["label"]!)),
  windows: () => keyTable(ownKeys(top["windows"]!)),
  validation: () => keyTable(ownKeys(top["validation"]!)),
  trainer: () => keyTable(ownKeys(top["trainer"]!)),
  "gate kinds": () => table(["kind", "it passes when", "keys"], variants("gates").map(gateKind)),
  gates: () => kindTable("gates"),
  "metrics of a task": () => table(["task", "higher is better", "lower is better"], (["binary", "multiclass", "regression"] as const).map((task) => [`\`${task}\``, ...(["higher", "lower"] as const).map((way) => metricsOf(task).filter(({ better }) => better === way).map(({ name }) => `\`${name}\``).join(", "))])),
  metrics: () => keyTable(ownKeys(entryOf(top["metrics"]!)!)),
  approval: () => keyTable(ownKeys(top["approval"]!)),
  "rollout kinds": () => table(["kind", "how a version takes over", "keys"], variants("rollout").map(gateKind)),
  rollout: () => kindTable("rollout"),
  monitors: () => keyTable(ownKeys(top["monitors"]!)),
  retrain: () => keyTable(ownKeys(top["retrain"]!)),
  limits: () => table(["of", "at most"], [...Object.entries(most).filter(([name]) => name in top).map(([name, max]) => [`\`${name}\``, whole(max)]), ["characters of one piece of SQL", whole(top["prepare"]!.maxLength!)], ["characters of the whole, as JSON", whole(most.characters)]]),
};

/** The page with its tables made anew; a table stands between `<!-- table: name -->` and `<!-- end -->`. */
export function withTables(page: string): string {
  return page.replace(/<!-- table: (.*?) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => `<!-- table: ${name} -->\n${tables[name]?.() ?? `there is no table ${name}\n`}<!-- end -->`);
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replace(/</g, (_, at: number) => (insideCode(cell, at) ? "<" : "\\<"))).join(" | ")} |\n`).join("");
const insideCode = (cell: string, at: number): boolean => [...cell.slice(0, at).matchAll(/`/g)].length % 2 === 1;
const whole = (n: number): string => n.toLocaleString("en");
const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

const keyTable = (keys: readonly Key[]): string => table(["key", "type", "default", "what it is", "example"], keys.map((key) => [`\`${key.name}\``, ...facts(key)]));
const facts = ({ node, required }: Key): string[] => [typeOf(node), defaultOf(node, required), node.description ?? "", code(node.examples?.[0])];
const defaultOf = (node: Node, required: boolean): string => (required ? "**required**" : node.default === undefined ? "none" : code(node.default));

/** Keys of several kinds of entry: one that is the same in many kinds stands once. */
const kindTable = (name: string): string => kindTableOf(variants(name));

function kindTableOf(variants: readonly Node[]): string {
  const kinds = variants.map((variant) => kindOf(variant)[1]);
  const all = variants.flatMap((variant) => ownKeys(variant).filter((key) => key.node.const === undefined).map((key) => ({ kind: kindOf(variant)[1], key })));
  const same = new Map<string, typeof all>();
  for (const one of all) {
    const what = JSON.stringify([one.key.name, one.key.node.description, one.key.node.default, one.key.required]);
    same.set(what, [...(same.get(what) ?? []), one]);
  }
  return table(["key", "of", "type", "default", "what it is", "example"], [...same.values()].map((group) => {
    const of = group.length === kinds.length ? "all" : group.map(({ kind }) => `\`${kind}\``).join(", ");
    const types = [...new Set(group.map(({ key }) => typeOf(key.node)))].join(" or ");
    return [`\`${group[0]!.key.name}\``, of, types, ...facts(group[0]!.key).slice(1)];
  }));
}

function columnType(variant: Node): string[] {
  const [, type] = kindOf(variant);
  const input = (options: object) => {
    const { type: onnx, width } = inputOf({ name: type, column: column.parse({ type, ...(type === "embedding" ? { size: 2 } : {}), ...options }) });
    return `${onnx} [n,${width === 1 ? 1 : "size"}]`;
  };
  const wide = variant.properties?.["wide"] === undefined ? "" : `; ${input({ wide: true })} where it is \`wide\``;
  const none = variant.properties?.["nullable"] === undefined ? "never" : input({}).startsWith("string") ? '`""`' : "NaN";
  return [`\`${type}\``, variant.properties!["type"]!.description!.split(/, never|;/)[0]!, `${input({})}${wide}`, none];
}

function gateKind(variant: Node): string[] {
  const keys = ownKeys(variant).filter(({ node }) => node.const === undefined).map(({ name, required }) => `\`${name}\`${required ? "" : "?"}`);
  return [`\`${kindOf(variant)[1]}\``, variant.properties![kindOf(variant)[0]]!.description!, keys.join(", ")];
}

/** Words for a type, with its bounds. */
function typeOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map(code).join(", ");
  if (node.const !== undefined) return code(node.const);
  if (node.anyOf !== undefined) return node.anyOf.map(typeOf).join(" or ");
  switch (node.type) {
    case "string":
      return node.pattern?.startsWith("^P") === true ? "duration" : node.maxLength === 100_000 ? "SQL" : node.maxLength === 1 ? "character" : "text";
    case "number":
      return `number${boundsOf(node)}`;
    case "integer":
      return `whole number${boundsOf(node)}`;
    case "boolean":
      return "true or false";
    case "array":
      return node.items?.oneOf === undefined ? `list of ${typeOf(node.items!)}` : "list of objects";
    case "object":
      return node.properties === undefined && node.maxProperties !== undefined ? `name: ${typeOf(node.additionalProperties as Node)}` : "object";
    default:
      return node.type ?? (node.oneOf === undefined ? "text" : "object");
  }
}

function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Node): string {
  const [low, high] = [minimum, maximum].map((bound) => (bound !== undefined && Math.abs(bound) === Number.MAX_SAFE_INTEGER ? undefined : bound));
  if (low !== undefined && high !== undefined) return `, ${low} to ${high}`;
  const words = [low === undefined ? "" : `at least ${low}`, exclusiveMinimum === undefined ? "" : `above ${exclusiveMinimum}`, high === undefined ? "" : `at most ${high}`, exclusiveMaximum === undefined ? "" : `below ${exclusiveMaximum}`].filter(Boolean);
  return words.length === 0 ? "" : `, ${words.join(", ")}`;
}

import { jsonSchema } from "../../schemas/json-schemas.ts";

/** The part of JSON Schema that a definition uses. */
export interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly maxProperties?: number;
  readonly maxItems?: number;
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly oneOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
}

/** One key of a definition: `path` says `<name>` where people name an entry, and a kind where the keys differ by it. */
export interface Key { readonly path: string; readonly name: string; readonly node: Node; readonly required: boolean }

const published: Node = jsonSchema("definition");
const { $schema: editorKey, ...properties } = published.properties!;

/** Without `$schema`, which is for editors and no part of a definition. */
export const definitionSchema: Node = { ...published, properties };
export { editorKey };

/** What an entry of a record or an array is: one object, or one of several kinds. */
export function entryOf(node: Node): Node | undefined {
  const entry = node.items ?? (typeof node.additionalProperties === "object" ? node.additionalProperties : undefined);
  return entry?.properties !== undefined || entry?.oneOf !== undefined ? entry : undefined;
}

/** The key that tells a kind from the others, and what it says. */
export function kindOf({ properties = {} }: Node): readonly [key: string, kind: string] {
  const [key, node] = Object.entries(properties).find(([, one]) => one.const !== undefined)!;
  return [key, String(node.const)];
}

/** The keys that stand in one object. */
export function ownKeys({ properties = {}, required = [] }: Node, at = ""): Key[] {
  return Object.entries(properties).map(([name, node]) => ({ path: `${at}${name}`, name, node, required: required.includes(name) && node.default === undefined }));
}

/** Every key there is, however deep. */
export function allKeys(node: Node = definitionSchema, at = ""): Key[] {
  return ownKeys(node, at).flatMap((key) => {
    const entry = entryOf(key.node) ?? (key.node.oneOf === undefined ? undefined : key.node);
    if (entry === undefined) return [key, ...allKeys(key.node, `${key.path}.`)];
    return [key, ...(entry.oneOf ?? [entry]).flatMap((one) => allKeys(one, `${key.path}.<${entry.oneOf === undefined ? "name" : kindOf(one)[1]}>.`))];
  });
}

/** A value of every key at once, made of the keys' own examples. */
export function exampleOf(node: Node): unknown {
  const entry = entryOf(node);
  const { properties, examples = [] } = node;
  if (properties !== undefined) return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, exampleOf(one)]));
  if (entry === undefined) return examples[0];
  const kinds = (entry.oneOf ?? [entry]).map((one) => exampleOf(one));
  const names = entry.oneOf === undefined ? Object.keys(examples[0] as object) : entry.oneOf.map((one) => kindOf(one)[1]);
  return node.items === undefined ? Object.fromEntries(kinds.map((kind, i) => [names[i] ?? String(i), kind])) : kinds;
}

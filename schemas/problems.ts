import { z } from "zod";

/** What is wrong with one field of a value: `expected a number from 0 to 1 such as 0.01, found "5 %"`. */
export interface Problem {
  /** The field; an unknown key is a field too. */
  readonly path: readonly PropertyKey[];
  readonly field: string;
  readonly text: string;
}

/** The parts of JSON Schema that say what is expected. */
interface Node {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
}

/** Says every issue in words that name what was expected, an example where the schema has one (`about`), and what was found. */
export function problemsOf(schema: z.ZodType, value: unknown, issues: readonly z.core.$ZodIssue[]): Problem[] {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" }) as Node;
  return issues.map((issue) => {
    const [node, found] = [nodeAt(root, value, issue.path), valueAt(value, issue.path)];
    const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
    return { path, field: issue.path.map(String).join("."), text: textOf(issue, node, found) };
  });
}

function textOf(issue: z.core.$ZodIssue, node: Node | null, found: unknown): string {
  if (issue.code === "unrecognized_keys") return node?.properties === undefined ? issue.message : `${issue.message}; the keys here are ${Object.keys(node.properties).join(", ")}`;
  if (issue.code === "invalid_key") return `the name ${issue.issues[0]?.message ?? issue.message}, found ${clip(JSON.stringify(String(issue.path.at(-1))))}`;
  const wanted = issue.code === "custom" ? issue.message : withExample(expected(issue, node), node);
  if (found === undefined && isOwnWord(issue)) return `is missing: ${wanted}`;
  return found === undefined || issue.message.includes(", found ") ? wanted : `${wanted}, found ${clip(JSON.stringify(found) ?? typeof found)}`;
}

/** zod's own words give way to what the schema says; a message that somebody wrote for people stays. */
function expected(issue: z.core.$ZodIssue, node: Node | null): string {
  if (issue.code === "invalid_union" && issue.errors.length > 0) return ofAny(issue.errors, node);
  const kind = isOwnWord(issue) && node !== null ? kindOf(node) : null;
  return kind === null ? issue.message : `expected ${kind}`;
}

const isOwnWord = ({ message }: z.core.$ZodIssue): boolean => /^(Invalid|Too (small|big)|Unrecognized)\b/.test(message);

/** What each member of a union wanted, once. */
function ofAny(errors: readonly (readonly z.core.$ZodIssue[])[], node: Node | null): string {
  const members = node?.anyOf ?? [];
  const wanted = errors.flatMap(([first], i) => {
    if (first === undefined) return [];
    const kind = isOwnWord(first) && first.path.length === 0 && members[i] !== undefined ? kindOf(members[i]) : null;
    return [kind ?? [...first.path.map(String), first.message.replace(/^must be /, "")].join(" ")];
  });
  return `expected ${[...new Set(wanted)].join(", or ")}`;
}

function withExample(text: string, node: Node | null): string {
  const example = node?.examples?.[0];
  const isPlain = node === null || (node.enum ?? node.const) !== undefined || node.type === "boolean";
  return isPlain || example === undefined || text.includes("such as") || !/^(expected|must)\b/.test(text) ? text : `${text} such as ${clip(JSON.stringify(example))}`;
}

/** In words, or null where JSON Schema says too little. */
function kindOf(node: Node): string | null {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum !== undefined) return node.enum.length === 1 ? JSON.stringify(node.enum[0]) : `one of ${node.enum.map((one) => JSON.stringify(one)).join(", ")}`;
  const members = node.anyOf ?? node.oneOf;
  if (members !== undefined) return members.every(({ type }) => type === "object") ? "an object" : joined(members.map(kindOf));
  switch (node.type) {
    case "string":
      return `a ${node.minLength === 1 && node.maxLength !== 1 ? "non-empty " : ""}string${node.maxLength === undefined ? "" : ` of ${node.minLength === node.maxLength ? "" : "at most "}${node.maxLength} ${node.maxLength === 1 ? "character" : "characters"}`}`;
    case "number":
      return `a number${rangeOf(node)}`;
    case "integer":
      return `a whole number${rangeOf(node)}`;
    case "boolean":
      return "true or false";
    case "array":
      return node.minItems === 1 ? "a non-empty list" : "a list";
    case "object":
      return "an object";
    default:
      return node.type ?? null;
  }
}

const joined = (kinds: readonly (string | null)[]): string | null => (kinds.includes(null) ? null : [...new Set(kinds)].join(" or "));

/** Whole numbers have bounds of their own, which say nothing. */
function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Node): string {
  const meant = (bound: number | undefined) => bound !== undefined && Math.abs(bound) !== Number.MAX_SAFE_INTEGER;
  if (meant(minimum) && meant(maximum)) return ` from ${minimum} to ${maximum}`;
  const low = meant(minimum) ? `of at least ${minimum}` : meant(exclusiveMinimum) ? `above ${exclusiveMinimum}` : "";
  const high = meant(maximum) ? `of at most ${maximum}` : meant(exclusiveMaximum) ? `below ${exclusiveMaximum}` : "";
  return [low, high].some(Boolean) ? ` ${[low, high].filter(Boolean).join(" and ")}` : "";
}

/** The schema of a field; null where the path leaves what JSON Schema can say. */
function nodeAt(root: Node, value: unknown, path: readonly PropertyKey[]): Node | null {
  let [node, at]: [Node | null, unknown] = [root, value];
  for (const key of path) {
    node = node === null ? null : childOf(node, at, key);
    at = valueAt(at, [key]);
  }
  return node === null ? null : (variantOf(node, at) ?? node);
}

function childOf(node: Node, value: unknown, key: PropertyKey): Node | null {
  const { properties, additionalProperties, items } = variantOf(node, value) ?? node;
  const known = properties !== undefined && Object.hasOwn(properties, key) ? properties[String(key)] : undefined;
  if (known !== undefined) return known;
  if (typeof additionalProperties === "object") return additionalProperties;
  if (items !== undefined) return items;
  const kinds = (node.oneOf ?? []).flatMap((variant) => variant.properties?.[String(key)]?.const ?? []);
  return kinds.length > 0 ? { enum: kinds } : null;
}

/** Of several kinds of object, the one whose fixed fields the value has. */
function variantOf(node: Node, value: unknown): Node | null {
  const fits = (one: Node) => Object.entries(one.properties ?? {}).every(([key, { const: fixed }]) => fixed === undefined || valueAt(value, [key]) === fixed);
  return [...(node.oneOf ?? []), ...(node.anyOf ?? [])].find((one) => one.properties !== undefined && fits(one)) ?? null;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (typeof at === "object" && at !== null && Object.hasOwn(at, key) ? (at as Record<PropertyKey, unknown>)[key] : undefined), value);
}

const clip = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}...` : text);

import { RelearnError } from "../schemas/failures.ts";
import { elementTypes, type MessageName, onnxMessages } from "./onnx-messages.ts";
import { readFields, type WireField, WireError } from "./protobuf.ts";

/** An input or output of the graph. `shape`: null is a size left open. `type` is `"sequence"` and the like where it is no tensor. */
export interface ModelValue {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | null)[] | null;
}

export interface ModelFacts {
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  /** What a caller must give: initializers are left out. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  readonly nodes: number;
}

export interface ScanLimits { readonly maxBytes: number; readonly maxDepth: number }

const usual: ScanLimits = { maxBytes: 1 << 30, maxDepth: 64 };
const domains = new Set(["", "ai.onnx", "ai.onnx.ml"]);

/**
 * Reads an ONNX file without onnxruntime and refuses what could reach outside its own bytes: external data in any tensor
 * (dense, sparse, in attributes, subgraphs, functions, training info), operators of other domains; what onnxruntime would take for its own
 * format, because the same bytes can be both and it would read what was never scanned; and what is no model at all.
 * onnxruntime's own checks were passed by hard links, sparse initializers and sparse constants (CVE-2022-25882 and its four successors).
 * @throws RelearnError `ModelRefused`.
 */
export function scanModel(bytes: Uint8Array, limits: ScanLimits = usual): ModelFacts {
  if (bytes.length > limits.maxBytes) refuse(`it has ${bytes.length} bytes; at most ${limits.maxBytes} are read`);
  if (Buffer.from(bytes.subarray(4, 8)).toString("latin1") === "ORTM") refuse("it is in onnxruntime's own format, or pretends to be; save it as ONNX");
  const found: Found = { irVersion: 0, opsets: {}, inputs: [], outputs: [], initializers: new Set(), nodes: 0, graphs: 0 };
  try {
    walk("Model", bytes, [], { limits, found });
  } catch (error) {
    if (error instanceof WireError) refuse(`it is no ONNX file: ${error.message}`);
    throw error;
  }
  if (found.graphs !== 1 || found.irVersion < 1 || found.nodes === 0) refuse("it is no ONNX file: it holds no single graph with nodes and a version");
  const { irVersion, opsets, nodes, outputs, initializers } = found;
  return { irVersion, opsets, nodes, outputs, inputs: found.inputs.filter(({ name }) => !initializers.has(name)) };
}

interface Found {
  irVersion: number;
  readonly opsets: Record<string, number>;
  readonly inputs: ModelValue[];
  readonly outputs: ModelValue[];
  readonly initializers: Set<string>;
  nodes: number;
  graphs: number;
}

interface Scan { readonly limits: ScanLimits; readonly found: Found }

function walk(message: MessageName, bytes: Uint8Array, path: readonly string[], scan: Scan): void {
  if (path.length > scan.limits.maxDepth) refuse(`it is nested deeper than ${scan.limits.maxDepth} levels`);
  for (const field of readFields(bytes)) {
    visit(message, field, path, scan);
    const inner = onnxMessages[message][field.field];
    if (inner !== undefined && field.wire !== 2) throw new WireError(`field ${field.field} of ${message} is no message`);
    if (inner !== undefined) walk(inner, field.bytes, [...path, message], scan);
  }
}

function visit(message: MessageName, field: WireField, path: readonly string[], { found }: Scan): void {
  const at = `${message}.${field.field}`;
  if (at === "Tensor.13" || (at === "Tensor.14" && (field.wire !== 0 || field.varint !== 0))) refuse(`a tensor keeps its data outside the file (${[...path, message].join(" > ")}); save the model with all of its weights inside`);
  if (at === "Model.20") refuse("it carries training info; export it for inference");
  if (at === "Node.7" || at === "Function.10" || at === "OperatorSet.1") checkDomain(text(field));
  if (at === "Node.4") found.nodes++;
  if (path.length > 1 && message === "Graph") return;
  if (at === "Model.1") found.irVersion = field.varint;
  if (at === "Model.7") found.graphs++;
  if (at === "Model.8") Object.assign(found.opsets, opsetOf(field.bytes));
  if (message !== "Graph" || path.length !== 1) return;
  if (field.field === 5) found.initializers.add(nameIn(field.bytes, 8));
  if (field.field === 11) found.inputs.push(valueOf(field.bytes));
  if (field.field === 12) found.outputs.push(valueOf(field.bytes));
}

function checkDomain(domain: string): void {
  if (!domains.has(domain)) refuse(`it uses operators of the domain ${JSON.stringify(domain.slice(0, 80))}; only those of ONNX itself (ai.onnx, ai.onnx.ml) are run`);
}

function opsetOf(bytes: Uint8Array): Record<string, number> {
  const version = [...readFields(bytes)].filter(({ field }) => field === 2).at(-1)?.varint ?? 0;
  return { [nameIn(bytes, 1) || "ai.onnx"]: version };
}

function valueOf(bytes: Uint8Array): ModelValue {
  const name = nameIn(bytes, 1);
  const type = last(last(bytes, 2), 1);
  const element = [...readFields(type)].filter(({ field }) => field === 1).at(-1)?.varint ?? 0;
  const shape = [...readFields(type)].filter(({ field }) => field === 2).at(-1);
  return { name, type: elementTypes[element] ?? "no tensor", shape: shape === undefined ? null : dimensionsOf(shape.bytes) };
}

function dimensionsOf(shape: Uint8Array): (number | null)[] {
  return [...readFields(shape)].filter(({ field, wire }) => field === 1 && wire === 2).map(({ bytes }) => [...readFields(bytes)].filter(({ field, wire }) => field === 1 && wire === 0).at(-1)?.varint ?? null);
}

const last = (bytes: Uint8Array, wanted: number): Uint8Array => [...readFields(bytes)].filter(({ field, wire }) => field === wanted && wire === 2).at(-1)?.bytes ?? new Uint8Array();
const text = ({ bytes }: Pick<WireField, "bytes">): string => new TextDecoder().decode(bytes);
const nameIn = (bytes: Uint8Array, field: number): string => text({ bytes: last(bytes, field) });

function refuse(why: string): never {
  throw new RelearnError("ModelRefused", `the model is refused: ${why}`);
}

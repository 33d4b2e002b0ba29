import { ClientError } from "./client-error.ts";

const views = { INT8: Int8Array, INT16: Int16Array, INT32: Int32Array, INT64: BigInt64Array, UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array, UINT64: BigUint64Array, FP32: Float32Array, FP64: Float64Array } as const;

type NumberType = keyof typeof views;
/** Of the Open Inference Protocol. */
export type Datatype = NumberType | "BOOL" | "BYTES";
type NumberData = InstanceType<(typeof views)[NumberType]>;

/** Values of a tensor, row after row. The kind of array says the datatype: strings are BYTES, booleans BOOL, a `Float32Array` is FP32, and so on. */
export type TensorData = NumberData | readonly string[] | readonly boolean[];

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What is sent where only values are given: one a row. */
export const tensorOf = (input: TensorData | Tensor): Tensor => (Array.isArray(input) || ArrayBuffer.isView(input) ? { shape: [input.length, 1], data: input } : (input as Tensor));

/** @throws ClientError for an array whose datatype nobody can tell. */
export function datatypeOf(name: string, data: TensorData): Datatype {
  if (!Array.isArray(data)) {
    const [datatype] = Object.entries(views).find(([, View]) => data instanceof View) ?? [];
    if (datatype !== undefined) return datatype as NumberType;
  } else if (typeof data[0] === "string") return "BYTES";
  else if (typeof data[0] === "boolean") return "BOOL";
  throw new ClientError(null, `input ${JSON.stringify(name)}: expected a typed array such as Float32Array, or a list of strings or booleans`);
}

/** Values as the protocol's binary data: little-endian, as is every machine that runs this; strings with 4 bytes of length before each. */
export function bytesOf(data: TensorData): Uint8Array {
  if (!Array.isArray(data)) return new Uint8Array((data as NumberData).buffer, (data as NumberData).byteOffset, (data as NumberData).byteLength);
  return typeof data[0] === "string" ? textBytes(data as readonly string[]) : Uint8Array.from(data as readonly boolean[], Number);
}

function textBytes(texts: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = texts.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(encoded.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const text of encoded) {
    view.setUint32(at, text.length, true);
    bytes.set(text, at + 4);
    at += 4 + text.length;
  }
  return bytes;
}

/** Values as JSON has them: null for NaN, and text for whole numbers that a JSON reader would round. @throws ClientError for infinities. */
export const jsonDataOf = (name: string, data: TensorData): unknown[] => Array.from(data as ArrayLike<unknown>, (value) => (typeof value === "number" ? realOf(name, value) : typeof value === "bigint" ? wholeOf(value) : value));

function realOf(name: string, value: number): number | null {
  if (Number.isNaN(value)) return null;
  return Number.isFinite(value) ? value : refuse(`input ${JSON.stringify(name)}: JSON has no ${value}`);
}

const wholeOf = (value: bigint): number | string => (Number.isSafeInteger(Number(value)) ? Number(value) : value.toString());

/** From binary data. @throws ClientError where the bytes do not fit the datatype. */
export function dataFromBytes(datatype: string, bytes: Uint8Array<ArrayBuffer>): TensorData {
  if (datatype === "BYTES") return textsFrom(bytes);
  if (datatype === "BOOL") return Array.from(bytes, (byte) => byte !== 0);
  const View = viewOf(datatype);
  if (bytes.length % View.BYTES_PER_ELEMENT !== 0) refuse(`the reply has ${bytes.length} bytes of ${datatype}, which is no whole number of values`);
  // A copy of its own: a tensor may begin anywhere, and a typed array may not.
  return new View(bytes.slice().buffer);
}

/** From JSON. @throws ClientError for a datatype that is not known. */
export function dataFromJson(datatype: string, values: readonly unknown[]): TensorData {
  if (datatype === "BYTES" || datatype === "BOOL") return values as readonly string[];
  const View = viewOf(datatype);
  const ofBigint = View === BigInt64Array || View === BigUint64Array;
  return (View as unknown as { from(values: readonly unknown[]): NumberData }).from(values.map((value) => (ofBigint ? BigInt(value as number) : (value ?? Number.NaN))));
}

const viewOf = (datatype: string): (typeof views)[NumberType] => (Object.hasOwn(views, datatype) ? views[datatype as NumberType] : refuse(`the reply has a tensor of ${datatype}, which this client cannot read`));

function textsFrom(bytes: Uint8Array): string[] {
  const [texts, view, decoder] = [[] as string[], new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), new TextDecoder()];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 <= bytes.length ? at + 4 + view.getUint32(at, true) : Infinity;
    if (end > bytes.length) refuse("the reply ends inside a text");
    texts.push(decoder.decode(bytes.subarray(at + 4, end)));
    at = end;
  }
  return texts;
}

function refuse(message: string): never {
  throw new ClientError(null, message);
}

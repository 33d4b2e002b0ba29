/** A tiny protobuf writer: enough to craft ONNX files that no library would write. */
export type Field = readonly [field: number, value: number | string | Uint8Array | readonly Field[]];

export function message(...fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields.map(([field, value]) => (typeof value === "number" ? Buffer.concat([varint(field * 8), varint(value)]) : delimited(field, bytesOf(value)))));
}

const bytesOf = (value: string | Uint8Array | readonly Field[]): Uint8Array => (typeof value === "string" ? Buffer.from(value) : value instanceof Uint8Array ? value : message(...value));
const delimited = (field: number, bytes: Uint8Array): Buffer => Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest >= 128 ? (rest % 128) + 128 : rest);
    if (rest < 128) return Buffer.from(bytes);
  }
}

/** A tensor whose data lies in another file. */
export const externalTensor = (location: string): Field[] => [[1, 4], [2, 1], [8, "w"], [13, [[1, "location"], [2, location]]], [14, 1]];
export const plainTensor: Field[] = [[1, 1], [2, 1], [8, "w"], [9, new Uint8Array(4)]];
export const sparse = (values: Field[], indices: Field[] = plainTensor): Field[] => [[1, values], [2, indices], [3, 4]];

const value = (name: string): Field[] => [[1, name], [2, [[1, [[1, 1], [2, [[1, [[2, "n"]]], [1, [[1, 1]]]]]]]]]];
const identity: Field[] = [[1, "x"], [2, "value"], [4, "Identity"]];

export interface Crafted {
  readonly graph?: readonly Field[];
  readonly node?: readonly Field[];
  readonly model?: readonly Field[];
}

/** A model `value = x` with whatever is wrong with it added to its node, graph or model. */
export function craftModel({ graph = [], node = [], model = [] }: Crafted = {}): Uint8Array {
  return message([1, 8], [8, [[1, ""], [2, 17]]], [7, [[1, [...identity, ...node]], [2, "g"], [11, value("x")], [12, value("value")], ...graph]], ...model);
}

export const attribute = (...fields: Field[]): Field => [5, [[1, "value"], ...fields]];

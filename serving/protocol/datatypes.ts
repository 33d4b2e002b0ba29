/** A datatype of the Open Inference Protocol: how its values lie in binary data. */
export interface Datatype {
  readonly bytes: number;
  /** A value at a byte offset, little-endian. */
  readonly read: (view: DataView, at: number) => number | bigint;
  readonly whole: boolean;
}

const of = (bytes: number, whole: boolean, read: Datatype["read"]): Datatype => ({ bytes, whole, read });

/** All of fixed width. BYTES is apart: 4 bytes of length before each value. */
export const datatypes: Readonly<Record<string, Datatype>> = Object.freeze({
  __proto__: null as never,
  BOOL: of(1, true, (view, at) => view.getUint8(at)),
  UINT8: of(1, true, (view, at) => view.getUint8(at)),
  UINT16: of(2, true, (view, at) => view.getUint16(at, true)),
  UINT32: of(4, true, (view, at) => view.getUint32(at, true)),
  UINT64: of(8, true, (view, at) => view.getBigUint64(at, true)),
  INT8: of(1, true, (view, at) => view.getInt8(at)),
  INT16: of(2, true, (view, at) => view.getInt16(at, true)),
  INT32: of(4, true, (view, at) => view.getInt32(at, true)),
  INT64: of(8, true, (view, at) => view.getBigInt64(at, true)),
  FP16: of(2, false, (view, at) => halfOf(view.getUint16(at, true))),
  FP32: of(4, false, (view, at) => view.getFloat32(at, true)),
  FP64: of(8, false, (view, at) => view.getFloat64(at, true)),
});

/** IEEE 754 half precision. */
function halfOf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

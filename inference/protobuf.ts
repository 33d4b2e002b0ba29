/** One field of a protobuf message. `value` of a varint is exact below 2^53; of a length-delimited field it is a view. */
export interface WireField {
  readonly field: number;
  readonly wire: 0 | 1 | 2 | 5;
  readonly varint: number;
  readonly bytes: Uint8Array;
}

/** The bytes are no protobuf message. */
export class WireError extends Error {
  override readonly name = "WireError";
}

const none = new Uint8Array();

/**
 * The fields of a message, one after another, unknown ones too. Groups and whatever a strict parser refuses end it with a WireError.
 * protobuf.dev/programming-guides/encoding
 */
export function* readFields(message: Uint8Array): Generator<WireField> {
  const at = { position: 0 };
  while (at.position < message.length) {
    const tag = readVarint(message, at);
    const field = Math.floor(tag / 8);
    if (field === 0 || tag >= 2 ** 32) throw new WireError(`field number ${field} at byte ${at.position}`);
    const wire = tag % 8;
    if (wire === 0) yield { field, wire, varint: readVarint(message, at), bytes: none };
    else if (wire === 1 || wire === 2 || wire === 5) yield { field, wire, varint: 0, bytes: take(message, at, wire === 2 ? readVarint(message, at) : wire === 1 ? 8 : 4) };
    else throw new WireError(`wire type ${wire} at byte ${at.position}`);
  }
}

function take(message: Uint8Array, at: { position: number }, length: number): Uint8Array {
  const end = at.position + length;
  if (end > message.length) throw new WireError(`a field of ${length} bytes at byte ${at.position} runs past the end`);
  const bytes = message.subarray(at.position, end);
  at.position = end;
  return bytes;
}

/** Ten bytes at most; above 2^53 only the magnitude counts, never zero for a value that is not. */
function readVarint(message: Uint8Array, at: { position: number }): number {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = message[at.position++];
    if (byte === undefined) throw new WireError("it ends inside a number");
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return value;
  }
  throw new WireError(`a number of more than ten bytes at byte ${at.position}`);
}

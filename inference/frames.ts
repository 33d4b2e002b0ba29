import type { InputBatch } from "./contract.ts";
import type { InputValues } from "./session.ts";
import type { ModelInput } from "./signature.ts";

/**
 * What a server and a model's process say to each other, as frames of raw bytes in this machine's byte order: both run on it, and
 * typed arrays are read where they lie. A frame begins with its length, itself included, and an id.
 *
 *     rows:    length u32 | id u32 | rows u32 | 0 u32   | inputs of 8 bytes | inputs of 4 bytes | UTF-16 lengths u32 of all strings | the strings, UTF-8
 *     scores:  length u32 | id u32 | kind u32 | rows u32 | milliseconds f64  | scores
 *     failure: length u32 | id u32 | kind u32 | 0 u32    | milliseconds f64  | JSON {type, message}
 */
export interface FrameLayout {
  /** Positions of the inputs by what they are, in the order they are written. */
  readonly numbers: readonly { readonly at: number; readonly width: number; readonly Values: NumberValues }[];
  readonly strings: readonly number[];
  readonly inputs: number;
  readonly bytesPerRow: number;
}

type NumberValues = Float32ArrayConstructor | Float64ArrayConstructor | BigInt64ArrayConstructor;
type NumberArray = Float32Array | Float64Array | BigInt64Array;
/** In memory of its own, so that its arrays are aligned. */
export type Frame = Uint8Array<ArrayBuffer>;

const arrays = { float32: Float32Array, double: Float64Array, int64: BigInt64Array } as const;
const rowsHead = 16;
export const replyHead = 24;
const kinds = { float32: 1, float64: 2, failure: 3 } as const;

export function layoutOf(inputs: readonly ModelInput[]): FrameLayout {
  const placed = inputs.map(({ type, width }, at) => ({ at, width, type }));
  const numbers = placed.flatMap(({ at, width, type }) => (type === "string" ? [] : [{ at, width, Values: arrays[type] as NumberValues }]));
  numbers.sort((a, b) => b.Values.BYTES_PER_ELEMENT - a.Values.BYTES_PER_ELEMENT);
  const strings = placed.filter(({ type }) => type === "string").map(({ at }) => at);
  const bytesPerRow = numbers.reduce((sum, { width, Values }) => sum + width * Values.BYTES_PER_ELEMENT, 4 * strings.length);
  return { numbers, strings, inputs: inputs.length, bytesPerRow };
}

/** The rows of some callers, one after another, in one frame. */
export function encodeRows({ numbers, strings, bytesPerRow }: FrameLayout, id: number, rows: number, batches: readonly InputBatch[]): Uint8Array {
  const text = strings.length === 0 ? "" : joined(strings, batches);
  const textAt = rowsHead + rows * bytesPerRow;
  const frame = new ArrayBuffer(textAt + Buffer.byteLength(text));
  new Uint32Array(frame, 0, 4).set([frame.byteLength, id, rows, 0]);
  let offset = rowsHead;
  for (const { at, width, Values } of numbers) {
    const into = new Values(frame, offset, rows * width);
    fill(into, batches, at);
    offset += into.byteLength;
  }
  if (text !== "" || strings.length > 0) writeLengths(new Uint32Array(frame, offset, rows * strings.length), strings, batches);
  Buffer.from(frame).write(text, textAt);
  return new Uint8Array(frame);
}

function fill(into: NumberArray, batches: readonly InputBatch[], at: number): void {
  let offset = 0;
  for (const { columns } of batches) {
    const values = columns[at] as NumberArray;
    // A call of `set` costs more than the one value that most callers bring.
    if (values.length === 1) into[offset] = values[0]!;
    else (into as Float32Array).set(values as Float32Array, offset);
    offset += values.length;
  }
}

function joined(strings: readonly number[], batches: readonly InputBatch[]): string {
  let text = "";
  for (const at of strings) for (const { columns } of batches) for (const value of columns[at] as readonly string[]) text += value;
  return text;
}

/** Lengths count UTF-16 units, so that the reader decodes once and cuts. */
function writeLengths(into: Uint32Array, strings: readonly number[], batches: readonly InputBatch[]): void {
  let offset = 0;
  for (const at of strings) for (const { columns } of batches) for (const value of columns[at] as readonly string[]) into[offset++] = value.length;
}

export interface RowsFrame { readonly id: number; readonly batch: InputBatch }

export function decodeRows({ numbers, strings, inputs, bytesPerRow }: FrameLayout, frame: Frame): RowsFrame {
  const { buffer } = frame;
  const [, id, rows] = new Uint32Array(buffer, 0, 4) as unknown as [number, number, number];
  const columns = new Array<InputValues>(inputs);
  let offset = rowsHead;
  for (const { at, width, Values } of numbers) {
    columns[at] = new Values(buffer, offset, rows * width);
    offset += rows * width * Values.BYTES_PER_ELEMENT;
  }
  const lengths = new Uint32Array(buffer, offset, rows * strings.length);
  const text = Buffer.from(buffer, rowsHead + rows * bytesPerRow).toString();
  let from = 0;
  strings.forEach((at, i) => {
    columns[at] = Array.from(lengths.subarray(i * rows, (i + 1) * rows), (length) => text.slice(from, (from += length)));
  });
  return { id, batch: { rows, columns } };
}

export function encodeScores(id: number, rows: number, ms: number, scores: Float32Array | Float64Array): Uint8Array {
  const frame = replyOf(id, scores instanceof Float32Array ? kinds.float32 : kinds.float64, rows, ms, scores.byteLength);
  frame.set(new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength), replyHead);
  return frame;
}

export function encodeFailure(id: number, ms: number, failure: { readonly type: string | null; readonly message: string }): Uint8Array {
  const text = Buffer.from(JSON.stringify({ ...failure, message: failure.message.slice(0, 2_000) }));
  const frame = replyOf(id, kinds.failure, 0, ms, text.length);
  frame.set(text, replyHead);
  return frame;
}

function replyOf(id: number, kind: number, rows: number, ms: number, bytes: number): Uint8Array {
  const frame = new ArrayBuffer(replyHead + bytes);
  new Uint32Array(frame, 0, 4).set([frame.byteLength, id, kind, rows]);
  new Float64Array(frame, 16, 1)[0] = ms;
  return new Uint8Array(frame);
}

export interface ReplyFrame {
  readonly id: number;
  readonly rows: number;
  /** What the model's process took for the batch. */
  readonly ms: number;
  /** Null where it failed. */
  readonly scores: Float32Array | Float64Array | null;
  readonly failure: { readonly type: string | null; readonly message: string } | null;
}

/** @throws Error for what is no reply: a model may have taken over its process, so nothing in it is believed. */
export function decodeReply(frame: Frame): ReplyFrame {
  const { buffer } = frame;
  if (buffer.byteLength < replyHead) throw new Error(`a reply of ${buffer.byteLength} bytes`);
  const [, id, kind, rows] = new Uint32Array(buffer, 0, 4) as unknown as [number, number, number, number];
  const ms = new Float64Array(buffer, 16, 1)[0]!;
  if (kind === kinds.float32) return { id, rows, ms, scores: new Float32Array(buffer, replyHead), failure: null };
  if (kind === kinds.float64) return { id, rows, ms, scores: new Float64Array(buffer, replyHead), failure: null };
  const { type, message } = JSON.parse(Buffer.from(buffer, replyHead).toString()) as Record<string, unknown>;
  return { id, rows, ms, scores: null, failure: { type: typeof type === "string" ? type : null, message: String(message) } };
}

/**
 * Cuts a stream into frames.
 * @returns takes the stream's chunks. It throws for a frame that is longer than `maxBytes`, or shorter than a head.
 */
export function frameReader(maxBytes: number, onFrame: (frame: Frame) => void): (chunk: Uint8Array) => void {
  const length = new Uint32Array(1);
  const lengthBytes = new Uint8Array(length.buffer);
  let frame: Frame | null = null;
  let filled = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      const into: Uint8Array = frame ?? lengthBytes;
      const taken = Math.min(into.length - filled, chunk.length - at);
      into.set(chunk.subarray(at, at + taken), filled);
      [at, filled] = [at + taken, filled + taken];
      if (filled < into.length) return;
      if (frame === null) frame = begun(lengthBytes, length[0]!, maxBytes);
      else {
        const whole = frame;
        [frame, filled] = [null, 0];
        onFrame(whole);
      }
    }
  };
}

function begun(head: Uint8Array, bytes: number, maxBytes: number): Frame {
  if (bytes < rowsHead || bytes > maxBytes) throw new Error(`a frame of ${bytes} bytes, where at most ${maxBytes} are expected`);
  const frame = new Uint8Array(bytes);
  frame.set(head);
  return frame;
}

import { expect, test } from "vitest";
import { decodeReply, decodeRows, encodeFailure, encodeRows, encodeScores, type Frame, frameReader, layoutOf } from "../../inference/frames.ts";
import type { ModelInput } from "../../inference/signature.ts";
import { randomBits } from "../../stats/random.ts";

const inputs: readonly ModelInput[] = [{ name: "c", type: "string", width: 1 }, { name: "n", type: "float32", width: 1 }, { name: "i", type: "int64", width: 1 }, { name: "e", type: "float32", width: 3 }, { name: "w", type: "double", width: 1 }, { name: "t", type: "string", width: 1 }];
const layout = layoutOf(inputs);
const one = { rows: 1, columns: [["é\ud800"], Float32Array.of(Number.NaN), BigInt64Array.of(-(2n ** 63n)), Float32Array.of(1, 2, 3), Float64Array.of(0.1), [""]] };
const two = { rows: 2, columns: [["", "\udc00航"], Float32Array.of(-0, 1), BigInt64Array.of(2n ** 53n + 1n, 5n), Float32Array.of(4, 5, 6, 7, 8, 9), Float64Array.of(2, 3), ["x\0y", "z"]] };

const read = (stream: Uint8Array, step: number, maxBytes = 1 << 20): Frame[] => {
  const frames: Frame[] = [];
  const take = frameReader(maxBytes, (frame) => frames.push(frame));
  for (let at = 0; at < stream.length; at += step) take(stream.subarray(at, at + step));
  return frames;
};

test("rows of several callers come out as one batch, however the stream is cut", () => {
  const stream = Buffer.concat([encodeRows(layout, 7, 3, [one, two]), encodeRows(layout, 8, 1, [one])]);
  for (const step of [1, 3, 8, 64, stream.length]) {
    const [first, second, ...more] = read(stream, step).map((frame) => decodeRows(layout, frame));
    expect(more).toEqual([]);
    expect(first).toEqual({ id: 7, batch: { rows: 3, columns: [["é\ud800", "", "\udc00航"], Float32Array.of(Number.NaN, -0, 1), BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n, 5n), Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), Float64Array.of(0.1, 2, 3), ["", "x\0y", "z"]] } });
    expect(second!.batch.rows).toBe(1);
  }
});

test("scores and failures come back as they are", () => {
  const stream = Buffer.concat([encodeScores(1, 1, 0.5, Float32Array.of(0.25, 0.75)), encodeScores(2, 2, 1.5, Float64Array.of(1 / 3, -1)), encodeFailure(3, 2, { type: "ModelRefused", message: "no" })]);
  expect(read(stream, 5).map(decodeReply)).toEqual([
    { id: 1, rows: 1, ms: 0.5, scores: Float32Array.of(0.25, 0.75), failure: null }, { id: 2, rows: 2, ms: 1.5, scores: Float64Array.of(1 / 3, -1), failure: null },
    { id: 3, rows: 0, ms: 2, scores: null, failure: { type: "ModelRefused", message: "no" } },
  ]);
});

test("what a process that was taken over may send is read, or thrown out; it allocates no more than a reply may hold", () => {
  const whole = Buffer.concat([encodeScores(1, 1, 0.5, Float32Array.of(0.25, 0.75)), encodeFailure(3, 2, { type: "ModelRefused", message: "no" })]);
  const next = randomBits(3);
  let thrown = 0;
  for (let i = 0; i < 2_000; i++) {
    const copy = Buffer.from(whole);
    for (let k = 0; k <= next() % 3; k++) copy[next() % copy.length] = next() % 256;
    try {
      for (const frame of read(copy, 1 + (next() % 40), 1_000)) {
        expect(frame.length).toBeLessThanOrEqual(1_000);
        decodeReply(frame);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      thrown++;
    }
  }
  expect(thrown).toBeGreaterThan(100);
});

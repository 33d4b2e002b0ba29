import { randomBits } from "../../stats/random.ts";

/** Copies of a model with 1 to 4 bytes changed each; the same ones for the same seed. */
export function mutantsOf(whole: Uint8Array, count: number, seed: number): Uint8Array[] {
  const next = randomBits(seed);
  return Array.from({ length: count }, () => {
    const copy = Buffer.from(whole);
    for (let i = 0; i <= next() % 4; i++) copy[next() % copy.length] = next() % 256;
    return copy;
  });
}

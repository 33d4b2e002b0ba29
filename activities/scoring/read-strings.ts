import type { DuckDBVector } from "@duckdb/node-api";

/** Values that repeat are decoded once: as many are remembered, each in the place that its bytes give it. */
const places = 4_096;
const longestHeld = 12;
const heldWords = new Uint32Array(places * 4);
const heldStrings = new Array<string | undefined>(places);

/**
 * Reads a column of strings without nulls. DuckDB keeps a string of up to 12 bytes in the vector itself, padded with zeros behind its
 * length: four words that are equal where the strings are.
 */
export function readStrings(vector: DuckDBVector, into: string[], at: number, rows: number): void {
  const { dataView } = vector as unknown as { readonly dataView: DataView };
  const words = dataView.byteOffset % 4 === 0 ? new Uint32Array(dataView.buffer, dataView.byteOffset, rows * 4) : null;
  for (let row = 0; row < rows; row++) {
    into[at + row] = words !== null && words[row * 4]! <= longestHeld ? held(vector, words, row) : (vector.getItem(row) as string);
  }
}

function held(vector: DuckDBVector, words: Uint32Array, row: number): string {
  const [length, a, b, c] = [words[row * 4]!, words[row * 4 + 1]!, words[row * 4 + 2]!, words[row * 4 + 3]!];
  const mixed = Math.imul(Math.imul(a ^ length, 0x9e3779b1) ^ b, 0x85ebca6b) ^ c;
  const place = (mixed ^ (mixed >>> 15)) & (places - 1);
  const at = place * 4;
  const known = heldStrings[place];
  if (known !== undefined && heldWords[at] === length && heldWords[at + 1] === a && heldWords[at + 2] === b && heldWords[at + 3] === c) return known;
  heldWords.set([length, a, b, c], at);
  return (heldStrings[place] = vector.getItem(row) as string);
}

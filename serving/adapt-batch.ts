import type { InputBatch, ModelContract } from "../inference/contract.ts";

const known = new WeakMap<ModelContract, WeakMap<ModelContract, readonly number[] | null>>();

/**
 * Rows that were read by one version's contract, as another version takes them: the same values in that one's order. Null when it wants a column
 * that was not read, or another type of one.
 */
export function adaptBatch(batch: InputBatch, from: ModelContract, to: ModelContract): InputBatch | null {
  if (from === to) return batch;
  const places = placesOf(from, to);
  if (places === null) return null;
  return places.every((place, i) => place === i) && places.length === batch.columns.length ? batch : { rows: batch.rows, columns: places.map((place) => batch.columns[place]!) };
}

/** Where each input of `to` lies among those of `from`; worked out once a pair. */
function placesOf(from: ModelContract, to: ModelContract): readonly number[] | null {
  const ofFrom = known.get(from) ?? new WeakMap<ModelContract, readonly number[] | null>();
  known.set(from, ofFrom);
  const before = ofFrom.get(to);
  if (before !== undefined) return before;
  const places = to.inputs.map((input) => from.inputs.findIndex(({ name, type, width }) => name === input.name && type === input.type && width === input.width));
  const found = places.includes(-1) ? null : places;
  ofFrom.set(to, found);
  return found;
}

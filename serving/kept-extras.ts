import type { ModelContract } from "../inference/contract.ts";

/** Names of fields that callers may send beside the features and that the prediction log keeps: the column that asks for consent, where it is none. */
export function keptExtras({ consent, columns }: ModelContract): readonly string[] {
  return consent === undefined || columns.some(({ name }) => name === consent) ? [] : [consent];
}

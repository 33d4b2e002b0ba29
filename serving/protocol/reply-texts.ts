import type { ModelContract } from "../../inference/contract.ts";

/** Parts of replies that are the same for every prediction of a version, as JSON text. */
export interface ReplyTexts {
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  /** Class names as JSON strings. */
  readonly classes: readonly string[];
}

const texts = new WeakMap<ModelContract, ReplyTexts>();

/** Made once a contract. */
export function replyTexts(contract: ModelContract): ReplyTexts {
  const known = texts.get(contract);
  if (known !== undefined) return known;
  const made = { model: JSON.stringify(contract.model), version: JSON.stringify(String(contract.v)), digest: JSON.stringify(contract.digest), classes: (contract.classes ?? []).map((name) => JSON.stringify(name)) };
  texts.set(contract, made);
  return made;
}

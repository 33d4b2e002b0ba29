import type { Definition } from "../schemas/definition.ts";

/** Largest share of labels that may be left out for who sent them, before a run stops. */
export const distrustedLimit = ({ validation }: Pick<Definition, "validation">): number => validation.maxDistrusted ?? 0.1;

/** Largest share of wrong labels that is borne; null where nobody asks: without feedback, unless the definition says how much. */
export function labelNoiseLimit({ validation, sources }: Pick<Definition, "validation" | "sources">): number | null {
  if (validation.maxLabelNoise !== undefined) return validation.maxLabelNoise;
  return Object.values(sources).some(({ format }) => format === "predictions") ? 0.05 : null;
}

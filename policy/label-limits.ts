import type { Definition } from "../schemas/definition.ts";

type Limits = Pick<Definition, "validation">;

/** Largest share of labels that may be left out for who sent them, before a run stops. */
export const distrustedLimit = ({ validation }: Limits): number => validation.maxDistrusted ?? 0.1;

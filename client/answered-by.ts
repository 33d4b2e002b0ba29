import type { Variant } from "../schemas/replica.ts";

/** Which version gave an answer, and the name by which the answer can be found again. */
export interface AnsweredBy {
  readonly version: number;
  /** SHA-256 of the model file. */
  readonly digest: string;
  /** Of the whole request; a row of it is named by its place, from 0. */
  readonly predictionId: string;
  /** Whether a canary of a rollout answered. A shadow never does. */
  readonly variant: Exclude<Variant, "shadow">;
}

/** As the body of a reply says it. Its headers say the same, but not every proxy lets a web page read them. */
export interface Said {
  readonly model_version: string;
  readonly digest: string;
  readonly prediction_id: string;
  readonly variant: AnsweredBy["variant"];
}

export const answeredBy = ({ model_version: version, digest, prediction_id: predictionId, variant }: Said): AnsweredBy => ({ version: Number(version), digest, predictionId, variant });

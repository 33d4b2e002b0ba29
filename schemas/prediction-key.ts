import { z } from "zod";

/** `keys/prediction-ids.json` in the bucket, created once, and `<home>/serving/prediction-ids.json`, mode 0600: what prediction ids are made with. */
export const predictionKey = z.strictObject({
  version: z.literal(1),
  /** Bucket that it belongs to: a home may have served from another one. */
  bucket: z.string(),
  /** 32 random bytes. */
  key: z.base64().length(44),
}).readonly();
export type PredictionKey = z.infer<typeof predictionKey>;

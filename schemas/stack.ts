import { z } from "zod";

/** `.relearn/stack.json`, mode 0600: where the parts of the local stack answer. Parts that do not exist yet have no key. */
export const stack = z.strictObject({
  version: z.literal(1),
  temporal: z.strictObject({ address: z.string(), ui: z.string().nullable(), namespace: z.string() }),
  s3: z.strictObject({ endpoint: z.string().nullable(), bucket: z.string(), region: z.string() }),
  /** Where the server of this home answers, while one runs. */
  serving: z.strictObject({ url: z.string() }).optional(),
  /** Where the gateway of this home answers, and what a sender proves itself with, while one runs. */
  gateway: z.strictObject({ url: z.string(), webhookToken: z.string() }).optional(),
}).readonly();
export type Stack = z.infer<typeof stack>;

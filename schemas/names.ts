import { z } from "zod";

/** A pipeline's name, and the name of the model it makes. */
export const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be 1 to 63 lower-case letters, digits or hyphens, not starting with a hyphen");

/** A name that people give inside a definition: a source, a column. Safe as an SQL identifier and an ONNX input. */
export const identifier = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, "must be a plain identifier: letters, digits and _, at most 63");

/** A label that people read: a rule, a slice. */
export const title = z.string().min(1).max(120);

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in lower-case hex");

/** A blob in the store, named by what it holds. */
export const blobRef = z.strictObject({ sha256, bytes: z.int().min(0) }).readonly();
export type BlobRef = z.infer<typeof blobRef>;

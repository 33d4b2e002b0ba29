import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { RelearnError } from "../schemas/failures.ts";

/** The one way a JSON document is written down when it is hashed, signed or compared: RFC 8785, UTF-8. Undefined members are left out. */
export function canonicalBytes(value: unknown): Uint8Array {
  try {
    return new TextEncoder().encode(canonicalize(value) ?? "null");
  } catch (error) {
    throw new RelearnError("InvalidInput", `a value that JSON cannot say cannot be stored: ${(error as Error).message}`, { cause: error });
  }
}

/** SHA-256 in lower-case hex. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

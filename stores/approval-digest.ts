import type { ApprovalSubject } from "../schemas/commit.ts";
import { canonicalBytes, sha256Hex } from "./canonical.ts";

/** What a person approves, as one SHA-256 (lower-case hex) over the RFC 8785 JSON `{run, model, evaluation, champion}`. */
export function approvalDigest({ run, model, evaluation, champion }: ApprovalSubject): string {
  return sha256Hex(canonicalBytes({ run, model, evaluation, champion }));
}

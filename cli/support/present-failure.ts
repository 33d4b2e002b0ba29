import { failureTypeOf, failureTypes, type FailureType } from "../../schemas/failures.ts";

export interface PresentedFailure {
  /** A type of `schemas/failures.ts`, or `Error` for what nobody foresaw. */
  readonly type: FailureType | "Error";
  readonly message: string;
  readonly exitCode: number;
}

/** What a person is told of an error, and the exit code, in terms of `schemas/failures.ts`. */
export function presentFailure(error: unknown): PresentedFailure {
  const type = failureTypeOf(error) ?? foreignType(error);
  if (type === null) return { type: "Error", message: messageOf(error), exitCode: 1 };
  return { type, message: withAdvice(type, messageOf(innermost(error))), exitCode: failureTypes[type].exitCode };
}

/** gRPC: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const unanswered = new Set([4, 14]);

function foreignType(error: unknown): FailureType | null {
  const { name, code, cause } = (error ?? {}) as { name?: string; code?: unknown; cause?: unknown };
  if (name === "CommanderError") return "Usage";
  if (name === "WorkflowNotFoundError" || name === "ScheduleNotFoundError") return "NotFound";
  if (name === "QueryNotRegisteredError" || name === "QueryRejectedError") return "TemporalUnavailable";
  if (name === "WorkflowUpdateFailedError") return failureTypeOf(cause);
  if (typeof code === "number" && unanswered.has(code)) return "TemporalUnavailable";
  return cause === undefined || cause === null ? null : (failureTypeOf(cause) ?? foreignType(cause));
}

/** An update's failure says what went wrong in its cause. */
function innermost(error: unknown): unknown {
  const { name, cause } = (error ?? {}) as { name?: string; cause?: unknown };
  return name === "WorkflowUpdateFailedError" && cause instanceof Error ? cause : error;
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === "" ? "an error without a message" : message;
}

function withAdvice(type: FailureType, message: string): string {
  const unreachable = type === "TemporalUnavailable" || type === "StoreUnavailable";
  return !unreachable || message.includes("relearn up") ? message : `${message}; \`relearn up\` starts the local stack, \`relearn doctor\` looks for the cause`;
}

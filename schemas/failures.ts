/**
 * Every kind of failure a person or a workflow can meet: whether trying again can help, and the CLI's exit code.
 * `docs/errors.md` explains each one; a test holds the two lists together.
 */
export const failureTypes = {
  InvalidInput: { retryable: false, exitCode: 1 },
  InvalidDefinition: { retryable: false, exitCode: 1 },
  InvalidSql: { retryable: false, exitCode: 1 },
  SqlLimit: { retryable: false, exitCode: 1 },
  DataHeld: { retryable: false, exitCode: 1 },
  DataRefused: { retryable: false, exitCode: 3 },
  TrainerFailed: { retryable: false, exitCode: 1 },
  TrainerOutput: { retryable: false, exitCode: 1 },
  JobLost: { retryable: true, exitCode: 1 },
  ModelRefused: { retryable: false, exitCode: 1 },
  InferenceLimit: { retryable: false, exitCode: 1 },
  InferenceFailed: { retryable: true, exitCode: 1 },
  Overloaded: { retryable: true, exitCode: 1 },
  NotReady: { retryable: true, exitCode: 1 },
  GateFailed: { retryable: false, exitCode: 3 },
  NotApproved: { retryable: false, exitCode: 4 },
  StaleApproval: { retryable: false, exitCode: 4 },
  Superseded: { retryable: false, exitCode: 1 },
  NotFound: { retryable: false, exitCode: 1 },
  Corrupt: { retryable: false, exitCode: 1 },
  StoreUnavailable: { retryable: true, exitCode: 5 },
  StoreRefused: { retryable: false, exitCode: 5 },
  TemporalUnavailable: { retryable: true, exitCode: 5 },
  DiskFull: { retryable: true, exitCode: 1 },
  SetupIncomplete: { retryable: false, exitCode: 1 },
  Usage: { retryable: false, exitCode: 2 },
} as const;

export type FailureType = keyof typeof failureTypes;

/** An error of a known kind: the message says what, with which value, and what to do. */
export class RelearnError extends Error {
  override readonly name = "RelearnError";
  readonly type: FailureType;

  constructor(type: FailureType, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.type = type;
  }
}

/** Whether another try may succeed: what is of no known kind may have been a bad moment. */
export function isRetryable(error: unknown): boolean {
  const type = failureTypeOf(error);
  return type === null || failureTypes[type].retryable;
}

/** The error's kind, also across module copies and structured clones; null for any other error. */
export function failureTypeOf(error: unknown): FailureType | null {
  const type = (error as { type?: unknown } | null)?.type;
  return typeof type === "string" && type in failureTypes ? (type as FailureType) : null;
}

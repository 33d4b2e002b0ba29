import { ApplicationFailure, asyncLocalStorage, CancelledFailure, CompleteAsyncError, Context } from "@temporalio/activity";
import { type FailureType, failureTypeOf, failureTypes } from "../../schemas/failures.ts";
import { namingFullDisk } from "../../schemas/full-disk.ts";

/** A bug is tried again a few times, in case it was the machine's; then it is a bug. */
const attemptsAtTheUnknown = 5;
/** About half a minute: another run may give its room back, and then a person had better know. */
const attemptsAtAFullDisk = 8;

type Activity = (input: never) => Promise<unknown>;

/** Gives each activity's errors the type and the retryability that `schemas/failures.ts` states. */
export function withFailures<A extends Readonly<Record<keyof A, Activity>>>(activities: A): A {
  const wrap = (activity: Activity) => async (input: never) => {
    try {
      return await activity(input);
    } catch (error) {
      throw asFailure(namingFullDisk(error));
    }
  };
  return Object.fromEntries(Object.entries(activities).map(([name, activity]) => [name, wrap(activity as Activity)])) as unknown as A;
}

function asFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure || error instanceof CompleteAsyncError) return error;
  const aborted = asyncLocalStorage.getStore()?.cancellationSignal.aborted === true;
  if (aborted) return new CancelledFailure((error as Error).message);
  const type = failureTypeOf(error);
  const nonRetryable = Context.current().info.attempt >= mostAttempts(type);
  return ApplicationFailure.create({ message: (error as Error).message, type: type ?? (error as Error).name, nonRetryable, cause: error as Error });
}

function mostAttempts(type: FailureType | null): number {
  if (type === null) return attemptsAtTheUnknown;
  if (type === "DiskFull") return attemptsAtAFullDisk;
  return failureTypes[type].retryable ? Infinity : 1;
}

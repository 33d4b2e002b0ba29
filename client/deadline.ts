import { ClientError } from "./client-error.ts";

/** The end of all waiting for one request, its repetitions included. */
export interface Deadline {
  /** Aborted with a `ClientError` when the time is over, or with the caller's own reason. */
  readonly signal: AbortSignal;
  leftMs(): number;
  /** Lets go of the timer and of the caller's signal, which may live long. */
  done(): void;
}

/** The longest that a timer can be set. */
const mostMs = 2 ** 31 - 1;

/** @throws ClientError where `timeoutMs` is no number of milliseconds above 0. */
export function openDeadline(timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  if (!(timeoutMs > 0 && timeoutMs <= mostMs)) throw new ClientError(null, `timeoutMs: expected milliseconds above 0 and up to ${mostMs}, found ${timeoutMs}`);
  const controller = new AbortController();
  const until = performance.now() + timeoutMs;
  const giveUp = (): void => controller.abort(caller?.reason);
  const timer = setTimeout(() => controller.abort(new ClientError(null, `no answer within ${timeoutMs} ms`)), timeoutMs);
  if (caller?.aborted === true) giveUp();
  caller?.addEventListener("abort", giveUp, { once: true });
  return {
    signal: controller.signal,
    leftMs: () => until - performance.now(),
    done: () => {
      clearTimeout(timer);
      caller?.removeEventListener("abort", giveUp);
    },
  };
}

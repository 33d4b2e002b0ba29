import { setMaxListeners } from "node:events";
import { asyncLocalStorage, Context } from "@temporalio/activity";

/** What a step of work may know of the activity it runs in. */
export interface Pulse {
  /** Aborted when the activity is cancelled or has lost its place to another attempt. */
  readonly signal: AbortSignal;
  /** The details the next attempt will find. */
  beat(details: unknown): void;
  /** What the last attempt left; undefined on the first. */
  readonly last: unknown;
  /**
   * Why `signal` aborted. `lost` is not a cancellation: another attempt may have taken over, or the workflow may be gone;
   * `shutdown`: this worker ends, and the next attempt goes on.
   */
  ending(): "cancelled" | "lost" | "shutdown" | null;
}

/** Runs `work` with a heartbeat kept up in the background. Outside an activity (tests, scripts) nothing beats and nothing cancels. */
export async function withHeartbeat<T>(work: (pulse: Pulse) => Promise<T>): Promise<T> {
  if (asyncLocalStorage.getStore() === undefined) return work({ signal: patient(new AbortController().signal), beat: () => undefined, last: undefined, ending: () => null });
  const context = Context.current();
  const { heartbeatTimeoutMs, heartbeatDetails } = context.info;
  let details: unknown = heartbeatDetails;
  const timer = setInterval(() => context.heartbeat(details), Math.min(1_000, (heartbeatTimeoutMs ?? 10_000) / 3));
  const beat = (next: unknown) => {
    details = next;
    context.heartbeat(next);
  };
  try {
    if (heartbeatTimeoutMs !== undefined) beat(details);
    return await work({ signal: patient(context.cancellationSignal), beat, last: heartbeatDetails, ending: () => endingOf(context) });
  } finally {
    clearInterval(timer);
  }
}

function endingOf({ cancellationDetails }: Context): ReturnType<Pulse["ending"]> {
  if (cancellationDetails === undefined) return null;
  if (cancellationDetails.cancelRequested) return "cancelled";
  return cancellationDetails.workerShutdown ? "shutdown" : "lost";
}

/** Dozens of transfers listen to one signal at a time; Node takes more than ten for a leak. */
function patient(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

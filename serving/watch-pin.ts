import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Pin } from "../schemas/local-serving.ts";
import { readPin, removePin } from "../stores/local-serving.ts";
import { openLogReader } from "../stores/log-reader.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { liftsPin } from "./versions-wanted.ts";

export interface PinWatch {
  readonly home: string;
  readonly model: string;
  readonly store: ObjectStore;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The pin that counted so far. */
  readonly first: Pin | null;
  /** Newest entry of the log that is followed. */
  readonly tip: () => number;
  readonly changed: (pin: Pin | null) => void;
}

const everyMs = 250;

/** Looks, without a store, whether a pin was set or taken away; lifts one that a later decision in the log has overtaken. */
export async function watchPin({ home, model, store, log, signal, first, tip, changed }: PinWatch): Promise<void> {
  let current = first;
  let overtaken = firstDecisionAfter(store, model, signal);
  let told: string | null = null;
  /** Four looks a second that fail alike are worth one line. */
  const warn = (what: string, { message }: Error): void => {
    if (message !== told) log.warn({ model, error: message }, what);
    told = message;
  };
  const take = (pin: Pin | null): void => {
    current = pin;
    overtaken = firstDecisionAfter(store, model, signal);
    changed(pin);
  };
  const look = async (): Promise<void> => {
    const pin = await readPinOr(home, model, (error) => warn(unreadable, error));
    if (pin?.at !== current?.at || pin?.target.v !== current?.target.v) {
      log.warn({ model, v: pin?.target.v ?? null, reason: pin?.reason, by: pin?.by }, pin === null ? "the pin was taken away" : "a version is pinned on this host");
      take(pin);
    }
    if (pin === null || !(await overtaken(pin, tip()))) return;
    // Asking the log takes time, in which somebody may have pinned anew: that one is judged by itself.
    if ((await readPin(home, model))?.at !== pin.at) return;
    log.info({ model, v: pin.target.v, n: pin.n }, "the log has gone on: the pin is lifted");
    await removePin(home, model);
    take(null);
  };
  while (!signal.aborted) {
    await look().catch((error: unknown) => signal.aborted || warn("the pin cannot be looked at", error as Error));
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

const unreadable = "the pin cannot be read, so it does not count";

/** A pin that cannot be read does not count. */
export async function readPinOr(home: string, model: string, tell: (error: Error) => void): Promise<Pin | null> {
  return readPin(home, model).catch((error: unknown) => {
    tell(error as Error);
    return null;
  });
}

/** Reads each entry after the pin once, until one lifts it. */
function firstDecisionAfter(store: ObjectStore, model: string, signal: AbortSignal): (pin: Pin, tip: number) => Promise<boolean> {
  const reader = openLogReader(store, model);
  let checked = 0;
  return async (pin, tip) => {
    for (let n = Math.max(pin.n, checked) + 1; n <= tip; n++) {
      const found = await reader.entry(n, signal);
      if (found !== null && liftsPin(found.entry, pin)) return true;
      checked = n;
    }
    return false;
  };
}

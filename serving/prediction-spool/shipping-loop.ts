import type { SpoolKind } from "../../schemas/spooled.ts";
import type { Shipper } from "./shipper.ts";
import type { Spool } from "./spool.ts";

export interface WatchedSpool { readonly model: string; readonly kind: SpoolKind; readonly spool: Spool }

/** How shipping goes, for metrics and readiness. */
export interface ShippingState {
  /** Records and objects that went to the bucket since the start. */
  readonly records: number;
  readonly objects: number;
  /** Frames that the disk had changed. */
  readonly damaged: number;
  /** Why the last try failed; null when it did not. */
  readonly failure: string | null;
  /** When all that was complete had been shipped last, milliseconds since 1970. */
  readonly cleanAt: number | null;
}

export interface ShippingLoop {
  readonly state: ShippingState;
  /** Ships all that was taken until now. @returns whether all of it is in the bucket. */
  shipAll(): Promise<boolean>;
  /** Begins no further round by itself. */
  stop(): void;
}

const tickMs = 500;
const longestPauseMs = 30_000;
const segmentsAtOnce = 16;

/** Takes complete segments to the bucket, oldest first, for as long as the server runs; an object store that is away is tried again with growing pauses. */
export function startShippingLoop(spools: () => readonly WatchedSpool[], shipper: Shipper, tell: (problem: string) => void = () => undefined): ShippingLoop {
  let state: ShippingState = { records: 0, objects: 0, damaged: 0, failure: null, cleanAt: null };
  let failures = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  const round = async (any: boolean): Promise<boolean> => {
    const watched = spools();
    await Promise.all(watched.map(({ spool }) => spool.roll(any)));
    const segments = (await Promise.all(watched.map(async ({ spool, model, kind }) => (await spool.closed()).map((path) => ({ path, model, kind }))))).flat();
    if (segments.length === 0) return note(null, true);
    const { shipped, failed } = await shipper.ship(segments.slice(0, segmentsAtOnce));
    const sum = (of: (one: (typeof shipped)[number]) => number): number => shipped.reduce((total, one) => total + of(one), 0);
    state = { ...state, records: state.records + sum((one) => one.records), objects: state.objects + sum((one) => one.objects.length), damaged: state.damaged + sum((one) => one.damaged) };
    await Promise.all(watched.map(({ spool }) => spool.closed()));
    if (failed.length === 0 && segments.length > segmentsAtOnce) return round(false);
    return note(failed[0]?.reason ?? null, failed.length === 0);
  };
  const note = (failure: string | null, clean: boolean): boolean => {
    if (failure !== null && failure !== state.failure) tell(failure);
    state = { ...state, failure, ...(clean ? { cleanAt: Date.now() } : {}) };
    failures = clean ? 0 : failures + 1;
    return clean;
  };
  const inTurn = (any: boolean): Promise<boolean> => {
    const done = turn.then(() => round(any)).catch((error: unknown) => note((error as Error).message, false));
    turn = done;
    return done;
  };
  const next = (): void => {
    if (closed) return;
    timer = setTimeout(() => void inTurn(false).then(next), Math.min(tickMs * 2 ** failures, longestPauseMs)).unref();
  };
  next();
  return {
    get state() {
      return state;
    },
    shipAll: () => inTurn(true),
    stop() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FeedbackRecord } from "../../schemas/feedback.ts";
import { name as nameSchema } from "../../schemas/names.ts";
import type { Settings } from "../../schemas/settings.ts";
import { spoolKinds, type SpoolKind } from "../../schemas/spooled.ts";
import type { PredictionLog } from "../prediction-log.ts";
import { feedbackWriter } from "./feedback-writer.ts";
import { openPredictionSpool, type SpooledPredictions } from "./prediction-log.ts";
import { startShipper } from "./shipper.ts";
import { type ShippingLoop, startShippingLoop, type WatchedSpool } from "./shipping-loop.ts";
import { openSpool, type Spool, usualSpool } from "./spool.ts";
import type { SpoolOptions } from "./spool-options.ts";

export interface ServingLogs {
  readonly log: PredictionLog;
  keepFeedback(model: string, record: FeedbackRecord): Promise<void>;
  readonly shipping: ShippingLoop;
  /** Bytes that wait on this machine, by model. */
  pending(): ReadonlyMap<string, number>;
  /**
   * Writes what is left, tries once to ship it, and ends the shipping process. What is not shipped by then is shipped by the next start.
   * @throws RelearnError `Overloaded` when the disk does not take what is left.
   */
  close(): Promise<void>;
}

export interface LogOptions extends Partial<Omit<SpoolOptions, "folder">> {
  readonly tell?: (problem: string) => void;
}

/** How long an end waits for the object store. */
const lastShippingMs = 10_000;

/** `<home>/serving/<model>/spool` and `<home>/serving/<model>/feedback`. */
export const spoolFolder = (home: string, model: string, kind: SpoolKind): string => join(home, "serving", model, kind === "predictions" ? "spool" : kind);

/** The prediction log and the feedback of all models that this machine serves, and what takes both to the bucket. */
export async function openServingLogs(settings: Settings, { tell, ...options }: LogOptions = {}): Promise<ServingLogs> {
  const { home, predictionLog: { kept, ...predictionLog } } = settings;
  const predictions = new Map<string, Promise<SpooledPredictions>>();
  const opened = new Map<string, SpooledPredictions>();
  const feedback = new Map<string, Promise<Spool>>();
  const watched: WatchedSpool[] = [];
  const optionsOf = (model: string, kind: SpoolKind): SpoolOptions => ({ ...usualSpool, ...predictionLog, ...options, ...(kind === "feedback" ? { durable: true } : {}), folder: spoolFolder(home, model, kind) });

  const openPredictions = (model: string): Promise<SpooledPredictions> => once(predictions, model, async () => {
    const found = await openPredictionSpool(optionsOf(model, "predictions"));
    opened.set(model, found);
    watched.push({ model, kind: "predictions", spool: found.spool });
    return found;
  });
  const openFeedback = (model: string): Promise<Spool> => once(feedback, model, async () => {
    const spool = await openSpool(optionsOf(model, "feedback"), () => Buffer.alloc(0));
    watched.push({ model, kind: "feedback", spool });
    return spool;
  });
  for (const { model, kind } of await leftBehind(home)) await (kind === "predictions" ? openPredictions(model) : openFeedback(model));

  const shipper = startShipper(settings);
  const shipping = startShippingLoop(() => watched, shipper, tell);
  return {
    shipping,
    log: {
      append(record) {
        if (!kept) return undefined;
        const found = opened.get(record.contract.model);
        return found === undefined ? openPredictions(record.contract.model).then((spool) => spool.append(record)) : found.append(record);
      },
    },
    keepFeedback: async (model, record) => (await openFeedback(model)).append(record, feedbackWriter),
    pending: () => sums(watched),
    async close() {
      shipping.stop();
      const spools = watched.map(({ spool }) => spool.close());
      await Promise.allSettled(spools);
      await Promise.race([shipping.shipAll(), sleep(lastShippingMs, undefined, { ref: false })]);
      await shipper.close();
      await Promise.all(spools);
    },
  };
}

/** Spools that an earlier process left, of models that may not be served here any more. */
async function leftBehind(home: string): Promise<{ model: string; kind: SpoolKind }[]> {
  const folder = join(home, "serving");
  const models = existsSync(folder) ? (await readdir(folder)).filter((one) => nameSchema.safeParse(one).success) : [];
  return models.flatMap((model) => spoolKinds.filter((kind) => existsSync(spoolFolder(home, model, kind))).map((kind) => ({ model, kind })));
}

function sums(watched: readonly WatchedSpool[]): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const { model, spool } of watched) totals.set(model, (totals.get(model) ?? 0) + spool.pending);
  return totals;
}

function once<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  made.catch(() => known.delete(key));
  return made;
}

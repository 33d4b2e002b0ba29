import { pollMs, watermarkOf, windowsOver } from "../../policy/monitor-windows.ts";
import { nextPredictionHour, newestPredictionHour } from "../../stores/prediction-times.ts";
import type { Activities, CloseInput } from "../contract.ts";
import type { Dependencies } from "../dependencies.ts";
import { readDefinition } from "../support/read-definition.ts";
import { clockOf } from "./report-window.ts";
import { serverLoadNow } from "./server-load.ts";

/** A server's clock may go before this one. */
const skewMs = 60_000;

/** Finds the base windows that are over by event time: those whose end the newest prediction has passed, of whatever version. */
export function createCloseWindows({ store, now }: Pick<Dependencies, "store" | "now">): Activities["closeWindows"] {
  return async ({ pipeline, definition: ref, cursor, newest: known, limit }: CloseInput) => {
    const definition = await readDefinition(store, ref);
    const time = Date.parse(now());
    const newest = await newestPredictionHour(store, pipeline, known, time + skewMs);
    const watermark = watermarkOf(definition.monitors.every, newest, time);
    const next = newest === null ? null : await nextPredictionHour(store, pipeline, cursor === null ? 0 : Date.parse(cursor));
    const windows = windowsOver(clockOf(definition), { cursor, next, watermark, limit });
    return { windows, watermark: watermark === null ? null : new Date(watermark).toISOString(), newest, pollMs: pollMs(definition.monitors.every), load: await serverLoadNow(store, pipeline, time) };
  };
}

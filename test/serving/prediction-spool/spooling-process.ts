import { writeSync } from "node:fs";
import { loadSettings } from "../../../schemas/settings.ts";
import { openServingLogs } from "../../../serving/prediction-spool/open-logs.ts";
import { record } from "./samples.ts";

/** Spools and ships as a server would, and says on stdout which records it has acknowledged, until it is killed. */
const logs = await openServingLogs(loadSettings(process.env), { segmentBytes: 30_000, segmentMs: 200 });
const say = (line: string): void => void writeSync(1, `${line}\n`);

async function caller(): Promise<never> {
  for (let i = 0; ; i++) {
    const one = record();
    await logs.log.append(one);
    say(one.id);
    if (i % 5 > 0) continue;
    await logs.keepFeedback("flights", { version: 1, prediction_id: one.id, row: 0, label: "1", value: null, at: null, received_at: new Date().toISOString(), source: "shop" });
    say(`label ${one.id}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
await Promise.all(Array.from({ length: 4 }, caller));

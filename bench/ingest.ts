import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Dependencies } from "../activities/dependencies.ts";
import { createIngest } from "../activities/ingest.ts";
import flights from "../examples/flights/pipeline.ts";
import { closeWindows } from "../policy/windows.ts";
import { definition as definitionSchema } from "../schemas/definition.ts";
import type { Settings } from "../schemas/settings.ts";
import { putJsonBlob } from "../stores/blobs.ts";
import { openStores, type Stores } from "../workers/connect.ts";
import { bareDuckDb } from "./support/bare-duckdb.ts";
import { bench, type Bench } from "./support/bench.ts";
import { landFlights, makeBucket } from "./support/flights-data.ts";
import { withStack } from "./support/temporary-stack.ts";
import { timed } from "./support/timing.ts";

const definition = definitionSchema.parse({ ...flights, windows: { ...flights.windows, atLeast: "P7D" } });
/** When months of 2013 begin in New York, by number; 13 is the next January. */
const monthBegins = (month: number): string => (month === 13 ? "2014-01-01T05:00:00Z" : `2013-${String(month).padStart(2, "0")}-01T0${month > 3 && month < 12 ? 4 : 5}:00:00Z`);

await bench("ingest", (here) => withStack(async (settings) => {
  here.say("lands 12 months of flights and weather ...");
  await landFlights(settings, Array.from({ length: 12 }, (_, i) => i + 1));
  const year = await openPlace(settings, "year");
  const first = await timed(() => ingest(year, 1, 7));
  here.say(`January to July: ${(first / 1_000).toFixed(1)} s`);
  const taken: Round[] = [];
  for (let month = 8; month <= 12; month++) taken.push(await takeRound(settings, year, month));
  year.stores.close();
  reportAll(here, taken);
}));

/** Milliseconds. */
interface Round {
  readonly alone: number;
  readonly bare: number;
  readonly oneMore: number;
  readonly again: number;
}

/** One month, three times: on all months before it, again, and alone in an empty bucket. */
async function takeRound(settings: Settings, year: Place, month: number): Promise<Round> {
  const empty = await openPlace(settings, `month-${month}`);
  const took = {
    alone: await timed(() => ingest(empty, month, month)),
    oneMore: await timed(() => ingest(year, 1, month)),
    again: await timed(() => ingest(year, 1, month)),
    bare: await bareDuckDb(year.stores.openBucket("landing"), empty.deps.scratch, month),
  };
  empty.stores.close();
  await rm(empty.deps.scratch, { recursive: true, force: true });
  return took;
}

interface Place {
  readonly stores: Stores;
  readonly deps: Dependencies;
}

async function openPlace(settings: Settings, bucket: string): Promise<Place> {
  const scratch = join(settings.home, `scratch-${bucket}`);
  await Promise.all([makeBucket(settings, bucket), mkdir(scratch, { recursive: true })]);
  const stores = openStores({ ...settings, s3: { ...settings.s3, bucket } });
  const deps = { store: stores.store, openBucket: stores.openBucket, scratch, now: () => new Date().toISOString() };
  await stores.store.put("warm-up", new Uint8Array(1));
  return { stores, deps: deps as unknown as Dependencies };
}

/** The activity itself, over whole months, as of half a day after the last one. */
async function ingest({ deps }: Place, firstMonth: number, lastMonth: number): Promise<void> {
  const asOf = new Date(Date.parse(monthBegins(lastMonth + 1)) + 13 * 3_600_000).toISOString();
  const ref = await putJsonBlob(deps.store, definition);
  const step = { run: `flights/run/${randomUUID().slice(0, 12)}`, pipeline: definition.name, definition: ref, windows: closeWindows(definition, asOf, monthBegins(firstMonth)), asOf };
  const result = await createIngest(deps)(step);
  if (result.status !== "ready") throw new Error(`the ingest was held: ${result.reasons.join("; ")}`);
}

function reportAll({ report }: Bench, taken: readonly Round[]): void {
  const seconds = (of: keyof Round): number[] => taken.map((round) => round[of] / 1_000);
  const notes = ["August to December; flights and weather, from S3 to S3, a partition a day"];
  report({
    figure: "the first ingest of a month", unit: "s", samples: seconds("alone"), limit: { name: "DuckDB alone: fetch, join, sort, one Parquet a day on this disk", samples: seconds("bare") },
    target: "none; for the record", met: () => true, notes,
  });
  report({
    figure: "one more month on the 7 to 11 before it", unit: "s", samples: seconds("oneMore"), limit: { name: "the same month alone, into an empty bucket", samples: seconds("alone") },
    target: "what a month costs: within 1.5x", met: ({ ratio }) => (ratio ?? Infinity) < 1.5, notes,
  });
  report({
    figure: "the same windows again, nothing new", unit: "s", samples: seconds("again"), limit: { name: "one more month", samples: seconds("oneMore") },
    target: "less than a month costs", met: ({ ratio }) => (ratio ?? Infinity) < 1, notes,
  });
}

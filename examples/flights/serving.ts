import type { Dependencies } from "../../activities/dependencies.ts";
import type { Commit } from "../../schemas/commit.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { readStack, type Settings } from "../../schemas/settings.ts";
import { openRegistry, type Version } from "../../stores/registry.ts";
import type { Answers, Asking } from "./ask-flights.ts";
import { type Flight, openMonth, readFlights } from "./month.ts";
import { sendLabels } from "./send-labels.ts";
import type { Stage } from "./stage.ts";
import { watchTakeOver } from "./take-over.ts";

/** A day of flights in two to three seconds. */
const perSecond = 400;

/** The flights that followed, asked for over HTTP while versions take over, or fail to. */
export interface Serving {
  /** Asks until a version has taken over, or was sent back. @returns the entry that ended it */
  watch(v: number): Promise<Commit>;
  /** Tells the server what came of the flights so far. */
  sendLabels(): Promise<void>;
  readonly answers: Answers;
}

export interface ServingParts {
  readonly stage: Stage;
  readonly settings: Settings;
  readonly deps: Dependencies;
  /** Lands a month's files. */
  readonly land: (month: number) => Promise<void>;
}

/** @param from version by whose definition the flights are prepared. */
export async function openServing({ stage, settings, deps, land }: ServingParts, from: Version): Promise<Serving> {
  const url = readStack(settings.home)?.serving?.url;
  if (url === undefined) throw new RelearnError("SetupIncomplete", "no server runs here: `relearn up` starts it");
  const registry = openRegistry(deps.store, "flights");
  const answers: Answers = { all: [], failures: [] };
  const april = await readFlights(deps, await openMonth(deps, from, 4), stage.signal);
  const flights = flightsFrom(april, async (month) => {
    await land(month);
    return readFlights(deps, await openMonth(deps, from, month), stage.signal);
  });
  const asking: Asking = { url, flights, perSecond, answers };
  let labelled = 0;
  return {
    answers,
    watch: (v) => watchTakeOver(stage, registry, asking, v),
    sendLabels: async () => {
      const accepted = await sendLabels(url, answers.all.slice(labelled));
      labelled = answers.all.length;
      stage.say(`${accepted.toLocaleString("en")} labels went back as feedback`);
    },
  };
}

/** One month after the other, each landed when it is needed. */
async function* flightsFrom(april: readonly Flight[], later: (month: number) => Promise<readonly Flight[]>): AsyncGenerator<Flight, void> {
  yield* april;
  for (let month = 5; month <= 12; month++) yield* await later(month);
}

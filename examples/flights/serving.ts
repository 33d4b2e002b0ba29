import type { Dependencies } from "../../activities/dependencies.ts";
import type { Commit } from "../../schemas/commit.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { readStack, type Settings } from "../../schemas/settings.ts";
import { openRegistry, type Version } from "../../stores/registry.ts";
import { type Answers, askFlights, type Asking } from "./ask-flights.ts";
import { type Flight, openMonth, readFlights } from "./month.ts";
import { peekable, until } from "./peekable.ts";
import { sendLabels } from "./send-labels.ts";
import type { Stage } from "./stage.ts";
import { watchTakeOver } from "./take-over.ts";

/** A day of flights in two to three seconds, while something takes over; and in one, while nothing does. */
const [perSecond, perSecondAlone] = [400, 900];

/** The flights that followed, asked for over HTTP while versions take over, or fail to. */
export interface Serving {
  /** Asks for the flights before a time. @returns whether flights are left */
  serveUntil(at: string): Promise<boolean>;
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

/** The flights from a month on that has landed, of 2013. @param from version by whose definition the flights are prepared. */
export async function openServing({ stage, settings, deps, land }: ServingParts, from: Version, first: number): Promise<Serving> {
  const url = readStack(settings.home)?.serving?.url;
  if (url === undefined) throw new RelearnError("SetupIncomplete", "no server runs here: `relearn up` starts it");
  const registry = openRegistry(deps.store, "flights");
  const answers: Answers = { all: [], failures: [] };
  const flights = peekable(flightsFrom(first, async (month) => {
    if (month > first) await land(month);
    return readFlights(deps, await openMonth(deps, from, month), stage.signal);
  }));
  const asking: Asking = { url, flights, perSecond, answers };
  let labelled = 0;
  return {
    answers,
    serveUntil: (at) => askFlights({ ...asking, perSecond: perSecondAlone, flights: until(flights, (flight) => flight.at >= at) }, stage.signal).then(async () => (await flights.peek()) !== null),
    watch: (v) => watchTakeOver(stage, registry, asking, v),
    sendLabels: async () => {
      const accepted = await sendLabels(url, answers.all.slice(labelled));
      labelled = answers.all.length;
      stage.say(`${accepted.toLocaleString("en")} labels went back as feedback`);
    },
  };
}

/** One month after the other, each read when it is needed. */
async function* flightsFrom(first: number, read: (month: number) => Promise<readonly Flight[]>): AsyncGenerator<Flight, void> {
  for (let month = first; month <= 12; month++) yield* await read(month);
}

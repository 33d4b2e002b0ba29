import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import flights from "../../examples/flights/pipeline.ts";
import { todaysShare } from "../support/todays-share.ts";
import { cleanUp, landReal, newWorld, type Outcome, rewrite, type World } from "./flights-world.ts";
import type { DefinitionInput } from "../../schemas/definition.ts";

const [march, weather] = ["flights/2013-03.parquet", "weather/2013-03.parquet"];
const asOf = "2013-04-01T08:00:00Z";

vi.setConfig({ testTimeout: 90_000 });

/** Two accepted months, and a third that has landed and is not read yet. */
let world: World;
/** The same as CSV. */
let csvWorld: World;
const csvSources: Partial<DefinitionInput> = { sources: { ...flights.sources, flights: { format: "csv", uri: "s3://landing/csv/{yyyy}-{MM}.csv", time: "scheduled_at", key: "flight_id" } } };
const csv = (month: string) => `csv/${month}.csv`;

beforeAll(async () => {
  world = newWorld();
  await landReal(world, ["2013-01", "2013-02", "2013-03"]);
  expect((await world.run("2013-03-01T08:00:00Z")).status).toBe("accepted");
  csvWorld = world.copy();
  for (const month of ["2013-01", "2013-02", "2013-03"]) await csvWorld.land(csv(month), await rewrite(world.landed(`flights/${month}.parquet`), "select * exclude (n) from landed", "csv"));
}, 120_000);
afterAll(cleanUp);

type Effect = "stopped" | "quarantined" | "harmless";

interface Corruption {
  readonly name: string;
  readonly effect: Effect;
  /** What some reason must name. */
  readonly names: RegExp;
  corrupt(world: World): Promise<Partial<DefinitionInput> | void>;
}

/** March again, rewritten by a SELECT over `landed` (and `n`, a row's number). */
const sql = (name: string, effect: Effect, names: RegExp, key: string, select: string): Corruption => ({
  name, effect, names, corrupt: async (changed) => changed.land(key, await rewrite(changed.landed(key), select)),
});
const replaced = (name: string, effect: Effect, names: RegExp, key: string, replacement: string): Corruption => sql(name, effect, names, key, `select * exclude (n) replace (${replacement}) from landed`);
const bytes = (name: string, effect: Effect, names: RegExp, change: (whole: Uint8Array) => Uint8Array): Corruption => ({
  name, effect, names, corrupt: async (changed) => changed.land(march, change(changed.landed(march))),
});
const lines = (name: string, effect: Effect, names: RegExp, change: (whole: Buffer) => Uint8Array): Corruption => ({
  name, effect, names, corrupt: async (changed) => { await changed.land(csv("2013-03"), change(Buffer.from(changed.landed(csv("2013-03"))))); return csvSources; },
});

const corruptions: readonly Corruption[] = [
  replaced("F1: -1 in 0.5 % of a column", "quarantined", /arrival_minute/, march, "case when n % 200 = 0 then -1 else arrival_minute end as arrival_minute"),
  replaced("F1: -1 in 5 % of a column", "stopped", /arrival_minute/, march, "case when n % 20 = 0 then -1 else arrival_minute end as arrival_minute"),
  replaced("F1: -1 in 50 % of a column", "stopped", /arrival_minute/, march, "case when n % 2 = 0 then -1 else arrival_minute end as arrival_minute"),
  { name: "F14: a file is missing", effect: "stopped", names: /2013-03\.parquet/, corrupt: async (changed) => changed.remove(march) },
  bytes("F14: a file is truncated", "stopped", /2013-03\.parquet/, (whole) => whole.slice(0, whole.length / 2)),
  bytes("F14: a file is empty", "stopped", /2013-03\.parquet/, () => new Uint8Array()),
  sql("F15: a column is added", "harmless", /extra/, march, "select * exclude (n), 1 as extra from landed"),
  sql("F15: a column is dropped", "stopped", /distance/, march, "select * exclude (n, distance) from landed"),
  sql("F15: a column is renamed", "stopped", /distance.*miles/s, march, "select * exclude (n, distance), distance as miles from landed"),
  replaced("F15: a column is retyped", "stopped", /distance/, march, "distance || ' mi' as distance"),
  sql("F15: columns are reordered", "harmless", /order/, march, "select late, * exclude (n, late) from landed"),
  replaced("F15: a unit changes", "stopped", /distance.*multiplied by 1\.61/, march, "(distance * 1.609)::int as distance"),
  replaced("F15: nulls become frequent", "stopped", /temp.*null/, weather, "case when n % 3 > 0 then temp end as temp"),
  replaced("F15: an enumeration grows", "stopped", /carrier.*ZZ/, march, "case when n % 30 = 0 then 'ZZ' else carrier end as carrier"),
  replaced("F15: times lose their zone", "stopped", /scheduled_at is shifted by/, march, "timezone('UTC', scheduled_at) as scheduled_at"),
  replaced("F15: precision is lost", "stopped", /temp.*whole numbers/, weather, "round(temp) as temp"),
  replaced("F15: the key is another", "stopped", /flight_id/, march, "n::varchar as flight_id"),
  replaced("F15: a column is nested", "stopped", /origin/, march, "{'code': origin} as origin"),
  lines("invalid UTF-8", "stopped", /2013-03\.csv/, (whole) => { whole[whole.indexOf("JFK", whole.length / 2)] = 0xff; return whole; }),
  lines("half a last line", "stopped", /2013-03\.csv/, (whole) => whole.subarray(0, whole.length - 30)),
  replaced("an all-null column", "stopped", /visib.*null/, weather, "null::double as visib"),
  replaced("a one-class label", "stopped", /late/, march, "case when late is not null then false end as late"),
  {
    name: "a file is delivered twice under two names", effect: "harmless", names: /same bytes/,
    corrupt: async (changed) => { await changed.land("flights/2013-03-again.parquet", changed.landed(march)); return { sources: { ...flights.sources, flights: { ...flights.sources["flights"]!, uri: "s3://landing/flights/" } } }; },
  },
  { name: "last month's file under this month's name", effect: "stopped", names: /2013-03\.parquet/, corrupt: async (changed) => changed.land(march, Buffer.concat([changed.landed("flights/2013-02.parquet")])) },
  replaced("times are shifted by their UTC offset", "stopped", /scheduled_at is shifted by -5 h/, march, "scheduled_at - interval 5 hour as scheduled_at"),
];

/** What became of it, and every text in which it may be named. */
function effectOf(outcome: Outcome): { readonly effect: Effect | "unseen"; readonly texts: readonly string[] } {
  if (outcome.status !== "accepted") return { effect: "stopped", texts: outcome.reasons };
  const of = (effect: Effect) => outcome.findings.filter((finding) => finding.effect === effect).map(({ message }) => message);
  const quarantined = of("quarantined");
  const harmless = of("harmless");
  return quarantined.length > 0 ? { effect: "quarantined", texts: quarantined } : { effect: harmless.length > 0 ? "harmless" : "unseen", texts: harmless };
}

describe("of 25 corruptions of a new month", () => {
  test("there are 25", () => expect(corruptions).toHaveLength(25));
  test.each(todaysShare(corruptions, 2))("$name: $effect, by name", async ({ effect, names, corrupt }) => {
    const changed = (effect === "stopped" && corrupt.toString().includes("csv") ? csvWorld : world).copy();
    const outcome = await changed.run(asOf, (await corrupt(changed)) ?? {});
    const found = effectOf(outcome);
    expect(found.texts.join("\n")).toMatch(names);
    expect(found.effect).toBe(effect);
  });
});

test("the same month without a corruption is accepted", async () => {
  expect(await world.copy().run(asOf)).toMatchObject({ status: "accepted", reasons: [] });
});

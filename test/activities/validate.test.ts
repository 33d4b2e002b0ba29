import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { makeSample } from "../../activities/support/make-sample.ts";
import flights from "../../examples/flights/pipeline.ts";
import { definition } from "../../schemas/definition.ts";
import { getBlob } from "../../stores/blobs.ts";
import { readSnapshot } from "../../stores/datasets.ts";
import { cleanUp, landReal, newWorld, type Outcome, rewrite, scratch, type World } from "./flights-world.ts";

const asOf = "2013-03-01T08:00:00Z";
const february = "flights/2013-02.parquet";
const start = { windows: { ...flights.windows, atLeast: "P7D" } };

vi.setConfig({ testTimeout: 90_000 });

let world: World;
let first: Outcome;
beforeAll(async () => {
  world = newWorld();
  await landReal(world, ["2013-01", "2013-02"]);
  first = await world.run(asOf);
}, 120_000);
afterAll(cleanUp);

const snapshotOf = async (of: World, { validated }: Outcome) => readSnapshot(of.deps.store, "flights", validated?.status === "accepted" ? validated.snapshot : "none");

async function keys(of: World, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of of.deps.store.list(prefix)) found.push(key);
  return found;
}

async function ask(bytes: Uint8Array, sql: string): Promise<Record<string, unknown>[]> {
  const file = join(scratch, "asked.parquet");
  writeFileSync(file, bytes);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql.replaceAll("$file", `'${file}'`))).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return rows as Record<string, unknown>[];
}

test("two clean months are accepted as a snapshot whose numbers add up, a blizzard recorded", async () => {
  expect(first).toMatchObject({ status: "accepted", reasons: [] });
  expect(first.findings).toMatchObject([{ check: "row count", subject: "2013-02-09", effect: "harmless", rows: 291 }]);
  const snapshot = await snapshotOf(world, first);
  const { rows, partitions } = snapshot;
  expect(rows.in).toBe(rows.accepted + rows.quarantined);
  expect(partitions.reduce((sum, partition) => sum + partition.rows, 0)).toBe(rows.train + rows.holdout);
  expect([partitions.length, partitions.filter(({ role }) => role === "holdout").length]).toEqual([58, 7]);
  expect(snapshot).toMatchObject({ classes: ["false", "true"], quarantine: null });
});

test("the same rows in other files and another order are the same snapshot", async () => {
  const other = world.copy();
  await other.land(february, await rewrite(other.landed(february), "select * exclude (n) from landed order by hash(n)"));
  expect((await snapshotOf(other, await other.run(asOf))).id).toBe((await snapshotOf(world, first)).id);
});

test("nothing is judged or sketched again when nothing is new, and the frame stays", async () => {
  const again = world.copy();
  const before = [await keys(again, "accepted/"), await keys(again, "sketches/")];
  const outcome = await again.run(asOf);
  expect((await snapshotOf(again, outcome)).frame).toEqual((await snapshotOf(world, first)).frame);
  const [accepted, sketches] = [await keys(again, "accepted/"), await keys(again, "sketches/")];
  expect(accepted).toEqual(before[0]);
  expect(sketches.length).toBe(before[1]!.length + 1);
});

test("refused rows lie in quarantine with rule, value and origin, and nothing is lost", async () => {
  const spoiled = world.copy();
  await spoiled.land(february, await rewrite(spoiled.landed(february), "select * exclude (n) replace (case when n % 150 = 0 then -5 else distance end as distance) from landed"));
  const outcome = await spoiled.run(asOf);
  const { rows, quarantine } = await snapshotOf(spoiled, outcome);
  expect(rows.quarantined).toBeGreaterThan(100);
  expect(rows.in).toBe(rows.accepted + rows.quarantined);
  const stored = await ask((await spoiled.deps.store.get(quarantine!))!.body, `select count(*)::int n, min("rule") r, min("column") c, min("value") v, min(file) f, count(distinct "row")::int lines from $file`);
  expect(stored).toEqual([{ n: rows.quarantined, r: "min", c: "distance", v: "-5.0", f: `s3://landing/${february}`, lines: rows.quarantined }]);
});

test("training keys that come back in the holdout stop the run", async () => {
  const copied = world.copy();
  const leak = "select * exclude (n) from landed union all by name select * exclude (n) replace (scheduled_at - interval 10 day as scheduled_at) from landed where scheduled_at >= '2013-02-23' and n % 100 = 0";
  await copied.land(february, await rewrite(copied.landed(february), leak));
  const outcome = await copied.run(asOf);
  expect(outcome.status).toBe("refused");
  expect(outcome.reasons.join()).toMatch(/keys of the holdout are in the training window too/);
});

test("a label turned round is refused", async () => {
  const turned = world.copy();
  await turned.land(february, await rewrite(turned.landed(february), "select * exclude (n) replace (not late as late) from landed"));
  expect((await turned.run(asOf, start)).reasons.join()).toMatch(/label late is "true" in 7\d\.\d % of the new rows/);
});

test("the training sample is the same on every run, with a null in each nullable column and an unseen value in each category", async () => {
  const snapshot = await snapshotOf(world, first);
  const pipeline = definition.parse(flights);
  const [one, two] = [await makeSample(world.deps, pipeline, snapshot), await makeSample(world.deps, pipeline, snapshot)];
  expect(one).toEqual(two);
  expect(one.rows).toBe(20_000);
  const found = await ask(await getBlob(world.deps.store, one.blob), "select count(*) filter (carrier = '__unseen__')::int c, count(*) filter (dest = '__unseen__')::int d, count(*) filter (precip is null)::int > 0 p, count(*) filter (pressure is null)::int >= 20 q from $file");
  expect(found).toEqual([{ c: 20, d: 20, p: true, q: true }]);
});

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addDuration, spansOf } from "../../schemas/calendar.ts";
import type { CalendarUnit } from "../../schemas/calendar.ts";
import { source as schema } from "../../schemas/source.ts";
import { partitionRows } from "../../tables/partition-rows.ts";
import { openSandbox } from "../../tables/sql-child.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import { hashFile } from "../../stores/blobs.ts";

const zone = "America/New_York";
const source = schema.parse({ format: "parquet", uri: "s3://landing/", time: "at" });
let scratch: string;
let sandbox: Sandbox;
let runs = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "parts-"));
  sandbox = await openSandbox({ scratch, timezone: zone });
});
afterAll(async () => {
  await sandbox.close();
  await rm(scratch, { recursive: true });
});

async function split(unit: CalendarUnit, rows: string, span: { from: string; to: string } | null = null, on = sandbox) {
  const folder = join(scratch, `run-${++runs}`);
  await mkdir(folder);
  await on.run("rows", `create or replace temp table landing as select *, "at" as __time from (${rows})`);
  return partitionRows(on, source, { folder, unit, zone, span, name: "file" });
}

const everyTenMinutes = (from: string, to: string) => `select t as "at", row_number() over () as __row from range('${from}'::timestamptz, '${to}'::timestamptz, interval 10 minutes) r(t)`;

test.each([
  ["day", "a spring day of 23 hours", "2013-03-09T05:00:00Z", "P3D"],
  ["day", "an autumn day of 25 hours", "2013-11-02T04:00:00Z", "P3D"],
  ["hour", "the hour that spring leaves out", "2013-03-10T05:00:00Z", "P1D"],
  ["hour", "the hour that autumn repeats", "2013-11-03T04:00:00Z", "P1D"],
] as const)("pieces by %s are the calendar's own spans on %s", async (unit, _, from, duration) => {
  const to = addDuration(from, duration, zone);
  const spans = spansOf(unit, { from, to }, zone);
  const { pieces, timeless } = await split(unit, everyTenMinutes(from, to));
  expect(pieces.map(({ partition, rows }) => [partition, rows])).toEqual(spans.map(({ name, ...span }) => [name, (Date.parse(span.to) - Date.parse(span.from)) / 600_000]));
  expect(timeless).toBeNull();
});

test("rows without a time are kept apart, and strays are counted", async () => {
  const span = { from: "2013-01-02T05:00:00Z", to: "2013-01-03T05:00:00Z" };
  const result = await split("day", `${everyTenMinutes("2013-01-01T01:00:00Z", "2013-01-03T06:00:00Z")} union all select null, 0`, span);
  expect(result.timeless).toMatchObject({ rows: 1 });
  expect([result.outside, result.farOutside]).toEqual([(28 + 1) * 6, 4 * 6]);
});

test("the same rows give the same bytes in any order and on any number of threads", async () => {
  const rows = `select '2013-01-01'::timestamptz + to_seconds(i % 86000) as "at", i, 'x' || (i % 97) as name, i / 7.0 as v from range(200000) r(i)`;
  const other = await openSandbox({ scratch, timezone: zone, threads: 1 });
  const results = [await split("day", rows), await split("day", `select * from (${rows}) order by hash(i)`), await split("day", rows, null, other)];
  await other.close();
  const hashes = await Promise.all(results.map(async ({ pieces }) => Promise.all(pieces.map(async ({ path }) => (await hashFile(path)).sha256))));
  expect(hashes[1]).toEqual(hashes[0]);
  expect(hashes[2]).toEqual(hashes[0]);
});

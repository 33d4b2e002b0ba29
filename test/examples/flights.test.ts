import { createHash } from "node:crypto";
import { DuckDBInstance } from "@duckdb/node-api";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { landMonths, toFolder, type Landing } from "../../examples/flights/land.ts";

const folder = mkdtempSync(join(tmpdir(), "relearn-land-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ask(sql: string): Promise<Record<string, unknown>> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("set TimeZone = 'UTC'");
  const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return rows[0] ?? {};
}

test("September and December land with the real share of late flights, one key a flight, and nothing known only afterwards", async () => {
  const landed = await landMonths({ months: ["2013-09", "2013-12"], target: toFolder(folder) });
  expect(landed.map(({ key, rows }) => [key, rows])).toEqual([["flights/2013-09.parquet", 27574], ["weather/2013-09.parquet", 2159], ["flights/2013-12.parquet", 28135], ["weather/2013-12.parquet", 2144]]);
  const shares = await Promise.all(["09", "12"].map((month) => ask(`select round(avg(late::int), 3) as late, count(*) - count(distinct flight_id) as duplicates from '${folder}/flights/2013-${month}.parquet'`)));
  expect(shares).toEqual([{ late: 0.132, duplicates: "0" }, { late: 0.326, duplicates: "0" }]);
  const columns = await ask(`select string_agg(column_name, ' ') as names from (describe select * from '${folder}/flights/*.parquet')`);
  expect(columns["names"]).toBe("flight_id scheduled_at carrier origin dest distance hour minute arrival_minute day_of_week late");
});

test("a flight's time is the instant of its scheduled departure in UTC", async () => {
  const first = await ask(`select flight_id, scheduled_at::varchar as at, hour, minute, arrival_minute, day_of_week from '${folder}/flights/2013-09.parquet' where flight_id like 'UA1545-EWR-20130901%'`);
  expect(first).toMatchObject({ flight_id: "UA1545-EWR-20130901T0916", at: "2013-09-01 09:16:00+00", hour: 5, minute: 16, arrival_minute: 480, day_of_week: 7 });
});

test("a month lands as the same bytes whatever else lands with it", async () => {
  const digests = async (months: readonly string[]): Promise<Record<string, string>> => {
    const found: Record<string, string> = {};
    const target: Landing = async (key, bytes) => void (found[key] = createHash("sha256").update(bytes).digest("hex"));
    await landMonths({ months, target });
    return found;
  };
  const both = await digests(["2013-02", "2013-03"]);
  expect(await digests(["2013-03"])).toEqual({ "flights/2013-03.parquet": both["flights/2013-03.parquet"], "weather/2013-03.parquet": both["weather/2013-03.parquet"] });
});

test("a month outside the data is refused by name", async () => {
  await expect(landMonths({ months: ["2013-02", "2014-01"], target: toFolder(folder) })).rejects.toThrow("there is no month 2014-01");
});

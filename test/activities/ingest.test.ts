import { copyFile, rm, utimes, writeFile } from "node:fs/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { csvText, jsonlText, valuesSql, writeParquet, writeText } from "../tables/landing-files.ts";
import { daysFrom, openStage, tripsOf } from "./ingest-stage.ts";
import type { Stage } from "./ingest-stage.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

const asOf = "2013-01-06T03:00:00Z";
const land = async (days: readonly string[], n = 4, change = "") => {
  for (const day of days) await writeParquet(stage.at(`trips/${day}.parquet`), tripsOf(day, n, change));
};

test("every day of the windows becomes a partition, its columns typed and its rows traced to their file", async () => {
  await land(daysFrom(1, 5));
  const dataset = await stage.dataset(stage.define(), asOf);
  expect(dataset.windows).toEqual({ train: { from: "2013-01-02T00:00:00Z", to: "2013-01-05T00:00:00Z" }, holdout: { from: "2013-01-05T00:00:00Z", to: "2013-01-06T00:00:00Z" } });
  expect(dataset.partitions.map(({ name, rows, duplicates }) => [name, rows, duplicates])).toEqual(daysFrom(2, 4).map((day) => [day, 4, 0]));
  expect((await stage.rows(dataset.partitions[0]!.blob))[0]).toMatchObject({ kind: "bus", length: 0, late: "0", id: "2013-01-02-0", at: "2013-01-02 06:00:00+00", __file: stage.at("trips/2013-01-02.parquet"), __row: "1", __bad: [] });
  expect(dataset.files).toHaveLength(4);
});

test("a key that holds the event time keeps it a time", async () => {
  await land(daysFrom(1, 5));
  const keyed = stage.define({ sources: { trips: { format: "parquet", uri: stage.at("trips/{yyyy}-{MM}-{dd}.parquet"), time: "at", key: ["id", "at"] } } });
  expect(await stage.ingest(keyed, asOf)).toMatchObject({ status: "ready", rows: 16 });
});

test("a run over the same files reads nothing and gives the same bytes; one day more reads one file", async () => {
  await land(daysFrom(1, 5));
  const first = await stage.ingest(stage.define(), asOf);
  expect(first).toMatchObject({ status: "ready", filesRead: 4, partitions: 4 });
  stage.puts("");
  expect(await stage.ingest(stage.define(), asOf)).toEqual({ ...first, filesRead: 0 });
  expect(stage.puts("prepared/")).toBe(0);
  await land(["2013-01-06"]);
  expect(await stage.ingest(stage.define(), "2013-01-07T03:00:00Z")).toMatchObject({ filesRead: 1, partitions: 4 });
  expect(stage.puts("prepared/")).toBe(1);
});

test("a file written again with the same bytes is not read again, and with other bytes redoes its day only", async () => {
  await land(daysFrom(1, 5));
  const first = await stage.ingest(stage.define(), asOf);
  await utimes(stage.at("trips/2013-01-03.parquet"), new Date(), new Date(Date.now() + 5_000));
  expect(await stage.ingest(stage.define(), asOf)).toEqual({ ...first, filesRead: 0 });
  await writeParquet(stage.at("trips/2013-01-03.parquet"), tripsOf("2013-01-03", 5));
  stage.puts("");
  expect(await stage.ingest(stage.define(), asOf)).toMatchObject({ filesRead: 1, rows: 17 });
  expect(stage.puts("prepared/")).toBe(1);
});

test("a partition that cannot be kept fails the run and nothing else: others are made meanwhile, and no failure is left that nobody waits for", async () => {
  await land(daysFrom(1, 5));
  const left: unknown[] = [];
  const note = (error: unknown): void => void left.push(error);
  process.on("unhandledRejection", note);
  stage.refuse("prepared/");
  await expect(stage.ingest(stage.define(), asOf)).rejects.toThrow(/no place for prepared/);
  process.off("unhandledRejection", note);
  expect(left).toEqual([]);
});

describe("a run is held, and says what it waits for, when", () => {
  test.each([
    ["a file is missing", () => rm(stage.at("trips/2013-01-03.parquet")), /trips\/2013-01-03\.parquet \(source trips\) is missing/],
    ["a file is empty", () => writeFile(stage.at("trips/2013-01-03.parquet"), ""), /2013-01-03\.parquet is empty \(0 bytes\): it looks half-written/],
    ["a file is cut", () => writeFile(stage.at("trips/2013-01-03.parquet"), "PAR1 and no more"), /2013-01-03\.parquet cannot be read to its end/],
    ["a file holds no rows", () => writeParquet(stage.at("trips/2013-01-03.parquet"), tripsOf("2013-01-03", 0)), /2013-01-03\.parquet holds no rows/],
  ])("%s", async (_, damage, reason) => {
    await land(daysFrom(1, 5));
    await damage();
    expect(await stage.ingest(stage.define(), asOf)).toEqual({ status: "held", reasons: [expect.stringMatching(reason)] });
    await land(["2013-01-03"]);
    expect(await stage.ingest(stage.define(), asOf)).toMatchObject({ status: "ready", rows: 16 });
  });

  test("two files are missing: both are named", async () => {
    await land(daysFrom(1, 3));
    expect(await stage.ingest(stage.define(), asOf)).toMatchObject({ status: "held", reasons: [expect.stringContaining("2013-01-04"), expect.stringContaining("2013-01-05")] });
  });

  test("many files are missing: how many, from which to which, and what may be meant", async () => {
    await land(daysFrom(1, 5));
    expect(await stage.ingest(stage.define(), "2013-01-16T03:00:00Z")).toEqual({
      status: "held", reasons: [expect.stringMatching(/^4 files of source trips are missing, from \S+2013-01-12\.parquet to \S+2013-01-15\.parquet: land them, or run as of an earlier time/)],
    });
  });

  test("a file's calendar span is not past, unless a _SUCCESS lies beside it", async () => {
    await writeParquet(stage.at("m/2013-01.parquet"), daysFrom(1, 5).map((day) => tripsOf(day)).join(" union all "));
    const monthly = (success: boolean) => stage.define({ sources: { trips: { format: "parquet", uri: stage.at("m/{yyyy}-{MM}.parquet"), time: "at", key: "id", success } } });
    expect(await stage.ingest(monthly(false), asOf)).toEqual({ status: "held", reasons: [expect.stringMatching(/its time runs until 2013-02-01T00:00:00Z, and this run is as of 2013-01-06/)] });
    expect(await stage.ingest(monthly(true), asOf)).toEqual({ status: "held", reasons: [expect.stringMatching(/2013-01\.parquet_SUCCESS/)] });
    await writeText(stage.at("m/2013-01.parquet_SUCCESS"), "");
    expect(await stage.ingest(monthly(true), asOf)).toMatchObject({ status: "ready", rows: 16 });
  });
});

describe("a run is refused, naming file and column, when", () => {
  const without = (name: string) => `select * exclude (${name}) from (${tripsOf("2013-01-03")})`;
  test.each([
    ["a column is missing", () => without("kind"), /2013-01-03\.parquet has no column kind, which .*2013-01-02\.parquet has/],
    ["a column is renamed", () => `select * rename (kind as sort) from (${tripsOf("2013-01-03")})`, /no column kind.*it has sort instead: was it renamed\?/],
    ["a column is retyped", () => `select * replace (length::varchar || 'm' as length) from (${tripsOf("2013-01-03")})`, /2013-01-03\.parquet: column length is VARCHAR, but DECIMAL.* in .*2013-01-02\.parquet: it was retyped/],
    ["a column becomes nested", () => `select * replace ([length] as length) from (${tripsOf("2013-01-03")})`, /column length is DECIMAL.*\[\], but/],
    ["another day's file lies under its name", () => tripsOf("2012-12-03"), /2013-01-03\.parquet has 4 of 4 rows \(100\.0 %\) more than a day outside/],
  ])("%s", async (_, select, message) => {
    await land(daysFrom(1, 5));
    await writeParquet(stage.at("trips/2013-01-03.parquet"), select());
    await expect(stage.ingest(stage.define(), asOf)).rejects.toMatchObject({ type: "DataRefused", message: expect.stringMatching(message) as string });
  });

  test("every file has another type than the definition says", async () => {
    await land(daysFrom(1, 5), 4, ", [1] as weight");
    const definition = stage.define({ columns: { weight: { type: "number" } } });
    await expect(stage.ingest(definition, asOf)).rejects.toMatchObject({ type: "DataRefused", message: expect.stringMatching(/column weight is declared as number but arrives as INTEGER\[\]/) as string });
  });

  test("prepare does not give a column", async () => {
    await land(daysFrom(1, 5));
    await expect(stage.ingest(stage.define({ prepare: 'select id, "at", late, length from trips'  }), asOf)).rejects.toMatchObject({ type: "InvalidSql", message: expect.stringMatching(/prepare does not give the column kind/) as string });
  });

  test("prepare names a column that is not there", async () => {
    await land(daysFrom(1, 5));
    await expect(stage.ingest(stage.define({ prepare: "select *, widht as w from trips" }), asOf)).rejects.toMatchObject({ type: "InvalidSql", message: expect.stringMatching(/^prepare: .*widht/) as string });
  });
});

test("a column that is added, one that moved and a file without its newline are harmless, and noted", async () => {
  await land(daysFrom(1, 5));
  await writeParquet(stage.at("trips/2013-01-04.parquet"), `select kind, *, 1 as extra from (select * exclude (kind), kind from (${tripsOf("2013-01-04")}))`.replace("select kind, *, 1", "select kind, * exclude (kind), 1"));
  const { notes } = await stage.dataset(stage.define(), asOf);
  expect(notes).toEqual([expect.stringContaining("2013-01-04.parquet: column extra is new"), expect.stringContaining("2013-01-04.parquet: its columns stand in another order"), "not declared, so left out: extra"]);
});

describe("several sources", () => {
  const joined = () => stage.define({
    sources: {
      trips: { format: "parquet", uri: stage.at("trips/{yyyy}-{MM}-{dd}.parquet"), time: "at", key: "id" },
      weather: { format: "csv", uri: stage.at("weather/{yyyy}-{MM}-{dd}.csv"), time: "hour", lookback: "P1D" },
    },
    columns: { kind: { type: "category" }, rain: { type: "number", nullable: true }, seen: { type: "integer" } },
    prepare: "select t.*, w.rain, (select count(*) from weather_past) as seen from trips t left join weather_past w on w.hour = date_trunc('hour', t.at)",
  });
  const weather = (day: string, rain = 0.5) => writeText(stage.at(`weather/${day}.csv`), csvText([0, 6, 12].map((hour) => ({ hour: `${day}T${String(hour).padStart(2, "0")}:00:00`, rain: hour === 6 ? rain : 0 }))));

  test("prepare sees the lookback before the partition and nothing after it", async () => {
    await land(daysFrom(1, 5));
    for (const day of daysFrom(1, 6)) await weather(day);
    const dataset = await stage.dataset(joined(), asOf);
    expect((await stage.rows(dataset.partitions[0]!.blob))[0]).toMatchObject({ rain: 0.5, seen: "6", __row: "1" });
  });

  test("a late weather file redoes only the days that could see it", async () => {
    await land(daysFrom(1, 5));
    for (const day of daysFrom(1, 5)) await weather(day);
    const first = await stage.dataset(joined(), asOf);
    stage.puts("");
    await weather("2013-01-02", 0.75);
    const second = await stage.dataset(joined(), asOf);
    expect(stage.puts("prepared/")).toBe(2);
    expect(second.partitions.map(({ blob }, i) => blob.sha256 === first.partitions[i]!.blob.sha256)).toEqual([false, true, true, true]);
  });

  test("a joined source that lacks a day holds the run, but not for the lookback before its first file", async () => {
    await land(daysFrom(1, 5));
    for (const day of daysFrom(2, 4)) await weather(day);
    expect(await stage.ingest(joined(), asOf)).toMatchObject({ status: "ready" });
    await rm(stage.at("weather/2013-01-04.csv"));
    expect(await stage.ingest(joined(), asOf)).toEqual({ status: "held", reasons: [expect.stringMatching(/weather\/2013-01-04\.csv \(source weather\) is missing/)] });
  });
});

describe("text files under a prefix", () => {
  const rows = daysFrom(2, 4).flatMap((day) => [0, 1, 2].map((i) => ({ id: `${day}-${i}`, at: `${day} 0${i}:00:00`, kind: i === 0 ? "bus" : "tram", length: i * 1.5, late: i % 2 })));
  const define = (format: "csv" | "jsonl", change = {}) => stage.define({ sources: { trips: { format, uri: stage.at("drop/"), time: "at", key: "id" } }, ...change });

  test("values that cannot be read become null and are kept with their column; missing values do not", async () => {
    const odd = rows.map((row, i) => (i === 1 ? { ...row, length: "long" } : i === 2 ? { ...row, length: "NA" } : row));
    await writeText(stage.at("drop/a.csv"), csvText(odd));
    const dataset = await stage.dataset(define("csv"), asOf);
    const found = await stage.rows(dataset.partitions[0]!.blob);
    expect(found.map(({ length, __bad }) => [length, __bad])).toEqual([[0, []], [null, []], [null, [{ column: "length", value: "long" }]]]);
    expect(found.map(({ __row }) => __row)).toEqual(["1", "3", "2"]);
  });

  test("rows whose time cannot be read are stored for quarantine, and counted", async () => {
    await writeText(stage.at("drop/a.csv"), csvText([...rows, { ...rows[0]!, id: "lost", at: "soon" }]));
    const dataset = await stage.dataset(define("csv"), asOf);
    expect(dataset.timeless).toEqual([expect.objectContaining({ uri: stage.at("drop/a.csv"), rows: 1 })]);
    expect(await stage.rows(dataset.timeless[0]!.blob)).toEqual([expect.objectContaining({ id: "lost", at: "soon", __row: String(rows.length + 1) })]);
  });

  test("duplicates by key are dropped and counted; rows without a key stay", async () => {
    await writeText(stage.at("drop/a.csv"), csvText([...rows, { ...rows[0]!, length: 9 }, { ...rows[0]!, id: "" }, { ...rows[0]!, id: "" }]));
    const [day] = (await stage.dataset(define("csv"), asOf)).partitions;
    expect([day!.rows, day!.duplicates]).toEqual([5, 1]);
  });

  test("a file delivered twice under two names is ignored once, and noted", async () => {
    await writeText(stage.at("drop/a.csv"), csvText(rows));
    const once = await stage.dataset(define("csv"), asOf);
    await copyFile(stage.at("drop/a.csv"), stage.at("drop/b.csv"));
    const twice = await stage.dataset(define("csv"), asOf);
    expect(twice.partitions).toEqual(once.partitions);
    expect(twice.notes).toEqual([expect.stringMatching(/drop\/b\.csv holds the same bytes as .*drop\/a\.csv and is ignored/)]);
  });

  test("CSV, JSON Lines and Parquet with the same rows give the same values", async () => {
    const values: unknown[] = [];
    await writeText(stage.at("drop/a.csv"), csvText(rows));
    await writeText(stage.at("drop/a.jsonl"), jsonlText(rows));
    await writeParquet(stage.at("drop/a.parquet"), valuesSql(rows).replaceAll(/'(2013-01-0\d \d\d:00:00)'/g, "timestamp '$1'"));
    for (const format of ["csv", "jsonl", "parquet"] as const) {
      const dataset = await stage.dataset(define(format as "csv"), asOf);
      values.push((await Promise.all(dataset.partitions.map(({ blob }) => stage.rows(blob)))).flat().map(({ __file: _, ...row }) => row));
    }
    expect(values[1]).toEqual(values[0]);
    expect(values[2]).toEqual(values[0]);
  });

  test("the same rows in any order and any split over files give the same values", async () => {
    const visible = async () => (await Promise.all((await stage.dataset(define("csv"), asOf)).partitions.map(({ blob }) => stage.rows(blob)))).flat().map(({ __file: _, __row: __, ...row }) => row);
    await writeText(stage.at("drop/a.csv"), csvText(rows));
    const expected = await visible();
    await fc.assert(fc.asyncProperty(fc.shuffledSubarray(rows, { minLength: rows.length }), fc.integer({ min: 1, max: rows.length - 1 }), async (shuffled, cut) => {
      await writeText(stage.at("drop/a.csv"), csvText(shuffled.slice(0, cut)));
      await writeText(stage.at("drop/b.csv"), csvText(shuffled.slice(cut)));
      expect(await visible()).toEqual(expected);
    }), { numRuns: 5, seed: 7 });
  }, 120_000);

  test("a broken line stops the run with file and line", async () => {
    await writeText(stage.at("drop/a.csv"), `${csvText(rows)}1,2\n${csvText(rows)}`);
    await expect(stage.ingest(define("csv"), asOf)).rejects.toMatchObject({ type: "DataRefused", message: expect.stringMatching(/a\.csv, line 14: Expected Number of Columns: 5 Found: 2/) as string });
  });

  test("training on all data begins at the first row", async () => {
    await writeText(stage.at("drop/a.csv"), csvText(rows));
    expect((await stage.dataset(define("csv", { windows: { train: "all", holdout: "P1D" } }), asOf)).windows.train.from).toBe("2013-01-02T00:00:00Z");
  });

  test("an empty prefix holds the run", async () => {
    expect(await stage.ingest(define("csv"), asOf)).toEqual({ status: "held", reasons: [expect.stringMatching(/no csv file lies at .*drop\//)] });
  });
});

test("golden sets are prepared beside the partitions", async () => {
  await land(daysFrom(1, 5));
  await writeParquet(stage.at("golden/known.parquet"), tripsOf("2012-06-01", 3));
  const definition = stage.define({ golden: { known: { format: "parquet", uri: stage.at("golden/"), time: "at" } } });
  const { golden } = await stage.dataset(definition, asOf);
  expect(golden).toEqual({ known: { blob: expect.anything(), rows: 3, duplicates: 0 } });
  expect((await stage.rows(golden["known"]!.blob))[0]).toMatchObject({ id: "2012-06-01-0", late: "0" });
  expect(await stage.ingest(definition, asOf)).toMatchObject({ filesRead: 0 });
});

test("hours are partitions where a window is given in hours, through a clock change", async () => {
  const hourly = "select i as id, '2013-11-03T04:00:00Z'::timestamptz + to_minutes((i * 10)::int) as \"at\", 'bus' as kind, 1.0 as length, i % 2 as late from range(150) r(i)";
  await writeParquet(stage.at("h/2013-11-03.parquet"), hourly);
  const definition = stage.define({ timezone: "America/New_York", sources: { trips: { format: "parquet", uri: stage.at("h/{yyyy}-{MM}-{dd}.parquet"), time: "at", key: "id" } }, windows: { train: "PT20H", atLeast: "PT1H", holdout: "PT5H" } });
  const { partitions } = await stage.dataset(definition, "2013-11-04T05:00:00Z");
  expect(partitions.map(({ name }) => name).slice(0, 4)).toEqual(["2013-11-03T00", "2013-11-03T01", "2013-11-03T01b", "2013-11-03T02"]);
  expect(partitions.map(({ rows }) => rows)).toEqual(Array.from({ length: 25 }, () => 6));
});

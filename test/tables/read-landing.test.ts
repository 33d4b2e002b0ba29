import { mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { landedSource as schema } from "../../schemas/source.ts";
import { readLanding } from "../../tables/read-landing.ts";
import type { LandingRead } from "../../tables/read-landing.ts";
import { openSandbox } from "../../tables/sql-child.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import { writeParquet, writeText } from "./landing-files.ts";

let scratch: string;
let sandbox: Sandbox;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "landing-"));
  sandbox = await openSandbox({ scratch, timezone: "America/New_York" });
});
afterAll(async () => {
  await sandbox.close();
  await rm(scratch, { recursive: true });
});

type Format = "parquet" | "csv" | "jsonl";
const read = (path: string, format: Format, options: object = {}): Promise<LandingRead> =>
  readLanding(sandbox, { name: `s3://landing/${path.split("/").at(-1)!}`, path, gzip: path.endsWith(".gz") }, schema.parse({ format, uri: "s3://landing/", time: "at", ...options }));
const readText = async (name: string, text: string | Uint8Array, options: object = {}) => read(await writeText(join(scratch, name), text), name.includes("csv") ? "csv" : "jsonl", options);
const landed = () => sandbox.run("look", "select * exclude (__time), __time::varchar as __time from landing order by __row");

const header = "at,id,v\n";
const good = `${header}2013-01-01 00:30:00,1,1.5\n2013-07-01T04:30:00Z,2,\n`;

test("a CSV is read as text, with the number of each row and its time in the pipeline's zone", async () => {
  expect(await readText("good.csv", good)).toEqual({ status: "read", rows: 2, notes: [], columns: ["at", "id", "v"].map((name) => ({ name, type: "VARCHAR" })) });
  expect(await landed()).toEqual([
    { at: "2013-01-01 00:30:00", id: "1", v: "1.5", __row: 1, __time: "2013-01-01 00:30:00-05" },
    { at: "2013-07-01T04:30:00Z", id: "2", v: null, __row: 2, __time: "2013-07-01 00:30:00-04" },
  ]);
});

test.each([
  ["gzip", "good.csv.gz", () => gzipSync(good), {}],
  ["Windows line ends", "crlf.csv", () => good.replaceAll("\n", "\r\n"), {}],
  ["a byte order mark", "bom.csv", () => `\uFEFF${good}`, {}],
  ["another delimiter and quotes", "semi.csv", () => `at;id;"v"\n2013-01-01 00:30:00;1;"1;5"\n2013-07-01;2;"a\n""b"""\n`, { delimiter: ";" }],
  ["JSON Lines", "good.jsonl", () => `{"at":"2013-01-01","id":1,"v":{"deep":[1]}}\n\n{"id":2,"w":true,"at":"2013-01-02"}\n`, {}],
  ["gzipped JSON Lines", "good.jsonl.gz", () => gzipSync(`{"at":"2013-01-01"}\n{"at":"2013-01-02"}\n`), {}],
])("it takes %s", async (_, name, text, options) => {
  expect(await readText(name, text(), options)).toMatchObject({ status: "read", rows: 2, notes: [] });
  expect((await landed()).map((row) => row["__row"])).toEqual([1, 2]);
});

test("a time that cannot be read is null and its row stays", async () => {
  await readText("times.csv", `${header}yesterday,1,1\n,2,1\ninfinity,3,1\n2013-02-30,4,1\n2013-01-01,5,1\n`);
  expect((await landed()).map((row) => row["__time"])).toEqual([null, null, null, null, "2013-01-01 00:00:00-05"]);
});

describe("a half-written file", () => {
  test.each([
    ["an empty CSV", "zero.csv", ""],
    ["a CSV with a header only", "head.csv", header],
    ["half a last line", "half.csv", `${good}2013-01-01 00:30:`],
    ["an open quote at the end", "quote.csv", `${good}2013-01-01,3,"abc`],
    ["half a last JSON line", "half.jsonl", `{"at":"2013-01-01"}\n{"at":"2013`],
    ["gzip that ends early", "cut.csv.gz", gzipSync(good).subarray(0, -12)],
  ])("%s holds the run, by name", async (_, name, text) => {
    expect(await readText(name, text)).toMatchObject({ status: "half-written", reason: expect.stringContaining(`s3://landing/${name}`) as string });
  });

  test("a truncated, an overwritten and an empty Parquet hold the run, by name", async () => {
    const path = await writeParquet(join(scratch, "whole.parquet"), "select now()::timestamp as at, range as id, range::varchar as v from range(20000)");
    const bytes = await readFile(path);
    expect(await read(path, "parquet")).toMatchObject({ status: "read", rows: 20_000 });
    await truncate(path, bytes.length - 200);
    expect(await read(path, "parquet")).toMatchObject({ status: "half-written", reason: expect.stringMatching(/whole\.parquet cannot be read to its end/) as string });
    await writeText(path, Buffer.from(bytes).fill(7, 400, 4_000));
    expect(await read(path, "parquet")).toMatchObject({ status: "half-written" });
    expect(await read(await writeParquet(join(scratch, "none.parquet"), "select now()::timestamp as at where false"), "parquet")).toMatchObject({ status: "half-written", reason: expect.stringContaining("holds no rows") as string });
  });
});

describe("a file is refused by name and line for", () => {
  test.each([
    ["a line with too few fields", "few.csv", `${header}2013-01-01,1,1\n2013-01-01,2\n2013-01-01,3,1\n`, /few\.csv, line 3: Expected Number of Columns: 3 Found: 2, found "2013-01-01,2"/],
    ["a line with too many fields", "many.csv", `${header}2013-01-01,1,1,9\n`, /many\.csv, line 2: .*3 Found: 4/],
    ["invalid UTF-8", "utf8.csv", Buffer.concat([Buffer.from(`${header}2013-01-01,1,`), Buffer.from([0xc3, 0x28]), Buffer.from("\n")]), /utf8\.csv, line 2: invalid UTF-8/],
    ["invalid UTF-8 in JSON", "utf8.jsonl", Buffer.concat([Buffer.from(`{"at":"2013-01-01","v":"`), Buffer.from([0xff]), Buffer.from(`"}\n`)]), /utf8\.jsonl, line 1: invalid UTF-8/],
    ["a huge line", "huge.csv", `${header}2013-01-01,1,${"x".repeat(11 * 2 ** 20)}\n`, /huge\.csv, line 2: the line is longer than 10 MiB/],
    ["a column named twice", "twice.csv", "at,id,id\n2013-01-01,1,1\n", /twice\.csv, line 1: the column "id" is named twice/],
    ["a column without a name", "noname.csv", "at,,id\n2013-01-01,1,1\n", /noname\.csv, line 1: column 2 has no name/],
    ["no event time", "notime.csv", "id,v\n1,1\n", /notime\.csv has no column at.*it has id, v/],
    ["broken JSON", "broken.jsonl", `{"at":"2013-01-01"}\n{"at":\n{"at":"2013-01-01"}\n`, /broken\.jsonl, row 2: the line is not JSON/],
    ["a JSON line that is no object", "list.jsonl", `{"at":"2013-01-01"}\n[1]\n`, /list\.jsonl, row 2: a row must be a JSON object, found \[1\]/],
    ["something that is no gzip", "plain.csv.gz", good, /plain\.csv\.gz is not a gzip file/],
  ])("%s", async (_, name, text, message) => {
    await expect(readText(name, text)).rejects.toMatchObject({ type: "DataRefused", message: expect.stringMatching(message) as string });
  });

  test("a Parquet whose time is a number", async () => {
    const path = await writeParquet(join(scratch, "epoch.parquet"), "select 1::bigint as at");
    await expect(read(path, "parquet")).rejects.toMatchObject({ type: "DataRefused", message: expect.stringMatching(/epoch\.parquet: the event time at is BIGINT/) as string });
  });
});

test("a text file without a newline at its end is read whole, and said", async () => {
  expect(await readText("open.csv", good.slice(0, -1))).toMatchObject({ status: "read", rows: 2, notes: [expect.stringContaining("does not end with a newline")] });
});

test.each(["__time", "__part", "__row", "__Time"])("a file that brings the column %s cannot say itself where its rows belong", async (name) => {
  const path = await writeParquet(join(scratch, "spoof.parquet"), `select timestamptz '2013-01-01 05:00:00+00' as "at", timestamptz '2030-01-01 00:00:00+00' as "${name}"`);
  await expect(read(path, "parquet")).rejects.toMatchObject({ type: "DataRefused", message: expect.stringContaining(`has a column ${name}`) as string });
  await expect(readText("spoof.csv", `at,${name}\n2013-01-01,2030-01-01\n`)).rejects.toMatchObject({ type: "DataRefused" });
});

test("JSON fields that differ in case alone are refused, for one of them would be lost", async () => {
  await expect(readText("case.jsonl", '{"at":"2013-01-01","v":1}\n{"at":"2013-01-02","V":2}\n')).rejects.toMatchObject({ type: "DataRefused", message: expect.stringContaining('"V"') as string });
});

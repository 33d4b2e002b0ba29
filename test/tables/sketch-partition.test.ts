import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { ColumnFrame, Frame, NumberSketch, Sketch } from "../../schemas/sketch.ts";
import { mergeSketches } from "../../stats/merge-sketches.ts";
import { numberFacts } from "../../tables/number-facts.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { sketchPartitions } from "../../tables/sketch-partition.ts";
import { normal, sketchNumbers } from "../stats/number-sketches.ts";

const spill = mkdtempSync(join(tmpdir(), "relearn-sketch-"));
afterAll(() => rmSync(spill, { recursive: true, force: true }));

const frameOf = (columns: Record<string, ColumnFrame>): Frame => ({ version: 1, pipeline: "p", timezone: "America/New_York", columns });
const duck = <T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> => withDuckDb({ spill, timezone: "America/New_York" }, work);
const sqlNumber = (x: number | null) => (x === null ? "null" : Number.isFinite(x) ? `${x}::double` : `'${x}'::double`);

async function sketchValues(rows: readonly (number | null)[], frame: ColumnFrame, parts = 1): Promise<Map<number, Sketch>> {
  return duck(async (connection) => {
    await connection.run(`create table t as select * from (values ${rows.map((x, i) => `(${i % parts}, ${sqlNumber(x)})`).join(", ")}) v(p, x)`);
    return sketchPartitions(connection, frameOf({ x: frame }), "t", "p");
  });
}

const mixed = [...normal(3_000).map((z) => -40 + 3 * z), null, null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1e12, 0, 10, 20];
const discrete = [...normal(3_000).map((z) => Math.round(20 * z) / 2), null, Number.NaN];

test.each([
  ["buckets, about a negative centre", mixed, false],
  ["buckets, of values that repeat", [...mixed, ...mixed], false, true],
  ["values, of which there are few", discrete, true],
  ["buckets after all, where a partition has more than 256 values", mixed, true],
])("a scan counts what the definition counts, in %s", async (_, rows, isDiscrete, repeats = false) => {
  const axis = { center: -39.5, scale: 4.2 };
  const found = (await sketchValues(rows, { kind: "number", ...axis, discrete: isDiscrete, repeats })).get(0)?.columns["x"] as NumberSketch;
  const expected = sketchNumbers(rows, axis, isDiscrete);
  expect({ ...found, sum: 0, squares: 0 }).toEqual({ ...expected, sum: 0, squares: 0 });
  expect(Math.abs(found.sum / expected.sum - 1)).toBeLessThan(1e-9);
  expect(Math.abs(found.squares / expected.squares - 1)).toBeLessThan(1e-9);
});

test("the sketch of a whole is the merge of its days' sketches", async () => {
  const frame: ColumnFrame = { kind: "number", center: 0, scale: 5, discrete: true };
  const days = await sketchValues(discrete, frame, 7);
  const whole = (await sketchValues(discrete, frame)).get(0) as Sketch;
  expect(days.size).toBe(7);
  const plain = (sketch: Sketch) => ({ rows: sketch.rows, x: { ...(sketch.columns["x"] as NumberSketch), sum: 0, squares: 0 } });
  expect(plain(mergeSketches([...days.values()]))).toEqual(plain(whole));
});

test("categories, patterns, times, lengths and norms are each counted in their own way", async () => {
  const number = { center: 0, scale: 1, discrete: true };
  const frame = frameOf({ c: { kind: "category" }, k: { kind: "pattern" }, at: { kind: "time" }, words: { kind: "length", ...number }, e: { kind: "norm", ...number } });
  const sketch = await duck(async (connection) => {
    await connection.run(`create table t as select * from (values
      (1, 'a', 'UA12-x', '2013-01-01T05:00:00Z'::timestamptz, 'one', [3, 4]::float[]), (1, 'b', 'B7-yy', '2013-07-01T04:10:00Z'::timestamptz, 'three', [0, 0]::float[]),
      (1, null, 'UA9-z', '2013-01-01T06:30:00Z'::timestamptz, '', [3, 4]::float[]), (1, 'a' || repeat('x', 500), null, null, null, [6, 8]::float[])) v(p, c, k, "at", words, e)`);
    return (await sketchPartitions(connection, frame, "t", "p")).get(1) as Sketch;
  });
  const { c, k, at, words, e } = sketch.columns;
  expect(c).toMatchObject({ nulls: 1, count: 3, values: [["a", 1], [expect.stringMatching(/^ax{79}#[0-9a-f]{32}$/), 1], ["b", 1]] });
  expect(k).toMatchObject({ nulls: 1, values: [["a9-a", 3]] });
  expect(at).toMatchObject({ nulls: 1, count: 3, onTheHour: 1, min: Date.UTC(2013, 0, 1, 5) * 1000, max: Date.UTC(2013, 6, 1, 4, 10) * 1000 });
  expect((at as { hours: number[] }).hours.slice(0, 3)).toEqual([2, 1, 0]);
  expect((words as NumberSketch).values).toEqual([[0, 1], [3, 1], [5, 1]]);
  expect((e as NumberSketch).values).toEqual([[0, 1], [5, 2], [10, 1]]);
});

test("facts for a frame leave out what is no finite number", async () => {
  const facts = await duck((connection) => numberFacts(connection, new Map([["x", "number"]]), "(select unnest(['1', '2', '3', '4', 'nan', 'inf', null]::double[]) as x)"));
  expect(facts.get("x")).toEqual({ lower: 1, median: 2, upper: 3, deviation: Math.sqrt(1.25), distinct: 4, count: 4 });
});

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { column } from "../../schemas/column.ts";
import { type AcceptedRows, acceptRows, type AcceptTask } from "../../tables/accept-rows.ts";
import type { Contract } from "../../tables/contract.ts";
import { openSandbox, type Row, type Sandbox } from "../../tables/sql-child.ts";

const scratch = mkdtempSync(join(tmpdir(), "relearn-accept-"));
let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await openSandbox({ scratch, timezone: "UTC" })));
afterAll(async () => {
  await sandbox.close();
  rmSync(scratch, { recursive: true, force: true });
});

const declared = (name: string, input: Parameters<typeof column.parse>[0]) => ({ name, column: column.parse(input) });
const contract: Contract = {
  version: 1, timezone: "UTC", time: "at", key: ["k"], reserve: 0, label: { column: "late", task: "binary" }, rules: { "a is not b": "a <> b" },
  columns: [
    declared("a", { type: "number", nullable: true, min: 0, max: 10 }), declared("b", { type: "integer" }), declared("c", { type: "category", values: ["x", "y"] }),
    declared("d", { type: "text", nullable: true, maxLength: 3 }), declared("e", { type: "embedding", size: 2 }), declared("late", { type: "category", feature: false }),
    declared("k", { type: "text", feature: false }), declared("at", { type: "time", feature: false }),
  ],
};

interface Given { readonly a?: string; readonly b?: string; readonly c?: string; readonly d?: string; readonly e?: string; readonly late?: string; readonly k?: string; readonly at?: string; readonly bad?: string }

/** A prepared file of rows given as SQL. */
async function prepare(file: string, rows: readonly Given[]): Promise<void> {
  const row = ({ a = "1", b = "2", c = "'x'", d = "'abc'", e = "[1, 2]", late = "'true'", k, at = "'2013-01-01T00:00:00Z'", bad = "[]" }: Given, i: number) =>
    `select ${a}::double a, ${b}::bigint b, ${c}::varchar c, ${d}::varchar d, ${e}::float[] e, ${late}::varchar late, ${k ?? `'k${i}'`}::varchar k, ${at}::timestamptz as "at", 's3://f' __file, ${i + 1}::bigint __row, ${bad}::struct("column" varchar, "value" varchar)[] __bad`;
  const none = "select * from (" + row({}, 0) + ") where false";
  await sandbox.run("test", `copy (${[none, ...rows.map(row)].join(" union all ")}) to '${join(scratch, file)}' (format parquet)`);
}

const task = (file: string, withhold = false): AcceptTask => ({ name: file.replace(".parquet", ""), file, withhold });
const read = (file: string): Promise<Row[]> => sandbox.run("test", `select * from '${join(scratch, file)}'`);
const total = ({ rows, reserved, withheld, quarantined }: AcceptedRows) => rows + (reserved?.rows ?? 0) + withheld + (quarantined?.rows ?? 0);

async function accept(rows: readonly Given[], changes: Partial<Contract> = {}): Promise<AcceptedRows> {
  await prepare("p.parquet", rows);
  return (await acceptRows(sandbox, scratch, { ...contract, ...changes }, [task("p.parquet")], []))[0] as AcceptedRows;
}

describe("a row is refused, by rule, column and value,", () => {
  test.each<[string, Given, [string, string, string | null]]>([
    ["below its min", { a: "-1" }, ["min", "a", "-1.0"]],
    ["above its max", { a: "11" }, ["max", "a", "11.0"]],
    ["infinite", { a: "'-inf'" }, ["finite", "a", "-inf"]],
    ["null where null is not declared", { b: "null" }, ["null", "b", null]],
    ["outside its values", { c: "'z'" }, ["values", "c", "z"]],
    ["too long", { d: "'abcd'" }, ["maxLength", "d", "abcd"]],
    ["of another size", { e: "[1]" }, ["size", "e", "[1.0]"]],
    ["with a value inside that is no number", { e: "['1', 'nan']" }, ["finite", "e", "[1.0, nan]"]],
    ["without label", { late: "null" }, ["label", "late", null]],
    ["without key", { k: "null" }, ["null", "k", null]],
    ["unreadable at its landing", { a: "null", bad: "[{'column': 'a', 'value': 'twelve'}]" }, ["type", "a", "twelve"]],
    ["by a rule that is false", { a: "2" }, ["a is not b", "", null]],
  ])("%s", async (_, given, [rule, name, value]) => {
    const found = await accept([{}, given]);
    expect(found).toMatchObject({ rows: 1, quarantined: { rows: 1 }, reasons: expect.arrayContaining([{ rule, column: name, rows: 1, example: value }]) });
    expect((await read(found.quarantined!.file))[0]).toMatchObject({ partition: "p", file: "s3://f", row: 2, rule, column: name, value });
  });
});

test.each(["b", "late"])("a value of %s that could not be read is not called missing too", async (name) => {
  const found = await accept([{}, { [name]: "null", bad: `[{'column': '${name}', 'value': 'twelve'}]` }]);
  expect(found.reasons).toEqual([{ rule: "type", column: name, rows: 1, example: "twelve" }]);
});

test("null and NaN pass where null is declared, and a rule that is null passes", async () => {
  expect(await accept([{ a: "null" }, { a: "'nan'" }, { d: "null" }])).toMatchObject({ rows: 3, quarantined: null, reasons: [] });
});

test("the same rows give the same bytes in whatever order, without what is hidden", async () => {
  const rows: Given[] = Array.from({ length: 50 }, (_, i) => ({ a: String(i % 7), b: String(100 + i), k: `'key${i}'` }));
  const digest = async (list: readonly Given[]) => createHash("sha256").update(readFileSync(join(scratch, (await accept(list)).file))).digest("hex");
  expect(await digest(rows)).toBe(await digest([...rows].reverse()));
  expect(Object.keys((await read("accepted-p.parquet"))[0]!)).toEqual(["a", "b", "c", "d", "e", "late", "k", "at"]);
});

test("rows in are always rows accepted, reserved, withheld and quarantined", async () => {
  const value = fc.constantFrom("null", "-3", "0", "5", "100", "'nan'");
  const row = fc.record({ a: value, b: fc.constantFrom("null", "1", "5"), c: fc.constantFrom("'x'", "'q'", "null"), late: fc.constantFrom("'a'", "'b'", "null"), k: fc.constantFrom("'1'", "'2'", "'3'", "'4'", "'5'", "'6'", "null") });
  await fc.assert(fc.asyncProperty(fc.array(row, { maxLength: 25 }), fc.array(row, { maxLength: 25 }), async (one, two) => {
    await prepare("one.parquet", one);
    await prepare("two.parquet", two);
    await prepare("golden.parquet", [{ k: "'2'" }]);
    const found = await acceptRows(sandbox, scratch, { ...contract, reserve: 30 }, [task("one.parquet", true), task("two.parquet")], ["golden.parquet"]);
    expect(found.map(total)).toEqual([one.length, two.length]);
    expect(found[1]?.withheld).toBe(0);
    for (const { file, rows, labels } of found) {
      expect(await read(file)).toHaveLength(rows);
      expect((labels ?? []).reduce((sum, [, n]) => sum + n, 0)).toBeGreaterThanOrEqual(rows);
    }
  }), { seed: 4, numRuns: 12 });
});

test("golden keys are withheld from training, and a reserve of 20 % takes about a fifth, by key alone", async () => {
  await prepare("golden.parquet", [{ k: "'k3'" }, { k: "'k4'" }]);
  await prepare("p.parquet", Array.from({ length: 500 }, () => ({})));
  const [train] = await acceptRows(sandbox, scratch, contract, [task("p.parquet", true)], ["golden.parquet"]);
  expect(train).toMatchObject({ rows: 498, withheld: 2 });
  const reserved = await accept(Array.from({ length: 500 }, () => ({})), { reserve: 20 });
  expect(reserved.reserved!.rows).toBeGreaterThan(70);
  expect(reserved.reserved!.rows).toBeLessThan(130);
  const keys = async (file: string) => (await read(file)).map(({ k }) => String(k)).sort();
  const before = await keys(reserved.reserved!.file);
  await accept(Array.from({ length: 500 }, () => ({ a: "3" })), { reserve: 20 });
  expect(await keys("reserved-p.parquet")).toEqual(before);
});

test.each([
  ["reaches outside its row", "(select count(*) from prepared) > 1", /rule "r": it must not use a sub-query/],
  ["does not parse", "a <", /rule "r"/],
  ["names a column that is not there", "nothing > 1", /rule "r".*nothing/s],
  ["fails on a value", "c::int > 1", /rule "r".*'x'/s],
])("a rule that %s is refused by its name", async (_, sql, message) => {
  await expect(accept([{}], { rules: { r: sql } })).rejects.toThrow(message);
});

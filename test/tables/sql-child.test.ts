import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSandbox } from "../../tables/sql-child.ts";
import type { Sandbox } from "../../tables/sql-child.ts";

let scratch: string;
let sandbox: Sandbox;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "sandbox-"));
  sandbox = await openSandbox({ scratch, timezone: "America/New_York", memoryMegabytes: 256 });
  await sandbox.run("set-up", ["create table t (a int, b varchar, d double)", "insert into t values (1, 'x', 0.5), (2, null, 1.5)"]);
  await writeFile(join(scratch, "inside.csv"), "a\n1\n");
  await symlink("/etc/passwd", join(scratch, "link.csv"));
});
afterAll(async () => {
  await sandbox.close();
  await rm(scratch, { recursive: true });
});

const selects = [
  ["a second statement", "select 1; select 2"],
  ["copy", "copy t to 'x.csv'"],
  ["attach", "attach 'x.db'"],
  ["create", "create table u as select 1"],
  ["drop", "drop table t"],
  ["insert", "insert into t values (1)"],
  ["set", "set threads = 8"],
  ["pragma", "pragma database_list"],
  ["install", "install httpfs"],
  ["load", "load httpfs"],
  ["call", "call duckdb_settings()"],
  ["a file by name", "select * from 'inside.csv'"],
  ["a file by function", "select * from read_csv('inside.csv')"],
  ["a file as text", "select * from read_text('/etc/passwd')"],
  ["a folder", "select * from glob('/*')"],
  ["the settings", "select * from duckdb_settings()"],
  ["SQL in a string", "select * from query('select 1')"],
  ["a table by qualified name", "select * from information_schema.tables"],
  ["a table that is not named", "select * from secrets"],
  ["a file inside a sub-query", "select (select count(*) from '/etc/passwd') from t"],
  ["a parameter", "select $1 from t"],
  ["randomness", "select random() from t"],
  ["the clock", "select current_timestamp from t"],
  ["sampling", "select * from t tablesample 10%"],
  ["nothing", " "],
] as const;

const expressions = [
  ["a second column", "a, b"],
  ["a FROM", "a from t"],
  ["a WHERE", "1 where true"],
  ["a comment that hides the end", "a) from t --"],
  ["a closing bracket", "1) as v, (select 2"],
  ["a second statement", "1; drop table t"],
  ["a sub-query", "(select max(a) from t)"],
  ["a sub-query with IN", "a in (from t)"],
  ["a window", "row_number() over ()"],
  ["a star", "*"],
  ["COLUMNS", "min(columns(*))"],
  ["a parameter", "a = ?"],
  ["an ORDER BY", "a order by 1"],
  ["a LIMIT", "a limit 1"],
  ["a UNION", "1 union select 2"],
  ["GROUP BY", "a group by all"],
  ["unnest", "unnest([1, 2])"],
  ["randomness", "random() < 0.5"],
  ["the clock", "now() > b"],
  ["the day", "current_date"],
  ["the day as age", "age(b) > interval 1 day"],
  ["the clock as ago", "b > ago(interval 1 day)"],
  ["the server's start", "pg_conf_load_time() > b"],
  ["the number of the query", "current_query_id() > 1"],
  ["the number of the transaction", "current_transaction_id() > 1"],
  ["sleep", "sleep_ms(1000) is null"],
  ["a random sample", "reservoir_quantile(a, 0.5)"],
  ["nothing", " "],
  ["half an expression", "a >"],
] as const;

describe("people's SQL", () => {
  test.each(selects)("as a query may not use %s", async (_, sql) => {
    await expect(sandbox.checkSelect("prepare", sql, ["t"])).rejects.toMatchObject({ type: "InvalidSql", message: expect.stringMatching(/^prepare: /) as string });
  });

  test.each(expressions)("as an expression may not use %s", async (_, sql) => {
    await expect(sandbox.checkExpression('rule "r"', sql)).rejects.toMatchObject({ type: "InvalidSql", message: expect.stringMatching(/^rule "r": /) as string });
  });

  test("may use no function that DuckDB calls volatile, or the same within one query only", async () => {
    const functions = await sandbox.run("functions", "select distinct function_name as name, len(parameters)::int as arguments from duckdb_functions() where stability in ('VOLATILE', 'CONSISTENT_WITHIN_QUERY') and function_type in ('scalar', 'aggregate') and regexp_full_match(function_name, '[a-z_0-9]+')");
    expect(functions.length).toBeGreaterThan(20);
    for (const { name, arguments: n } of functions) {
      const call = `${String(name)}(${Array.from({ length: Number(n) }, () => "a").join(", ")})`;
      await expect(sandbox.checkExpression("rule", call), call).rejects.toMatchObject({ type: "InvalidSql" });
    }
  });

  test("may join, group, sort and use common table expressions over the tables it is given", async () => {
    await sandbox.checkSelect("prepare", "with x as (select a, sum(d) over (partition by b) s from t), y as (from x) select * from y join t using (a) left join range(3) on true order by 1 -- done", ["t"]);
  });

  test.each(["a > 1 and b is not null", "avg(d) filter (a > 1)", "case when a = 1 then 'x' end -- why", "list_sum([a, d])"])("as an expression may be %s", async (sql) => {
    await sandbox.checkExpression("metric", sql);
  });
});

test.each(["select * from read_text('/etc/passwd')", "select * from read_text('../../etc/passwd')", "select * from read_csv('link.csv')", "copy t to '/tmp/escape.csv'", "attach '/tmp/escape.db'", "set enable_external_access = true", "load httpfs", "select * from read_text('https://localhost/')"])(
  "even a statement that slips through cannot do: %s", async (sql) => {
    await expect(sandbox.run("attack", sql.replace("link.csv", join(scratch, "link.csv")))).rejects.toMatchObject({ type: "InvalidSql" });
  });

test("an error on a row names whose SQL it was", async () => {
  await expect(sandbox.run('slice "storm"', "select (b::int) from t")).rejects.toMatchObject({ type: "InvalidSql", message: expect.stringMatching(/^slice "storm": Conversion Error/) as string });
});

test("binding says what a query gives, without running it", async () => {
  expect(await sandbox.bind("prepare", "select a, d as e from t")).toEqual([{ name: "a", type: "INTEGER" }, { name: "e", type: "DOUBLE" }]);
  await expect(sandbox.bind("prepare", "select zz from t")).rejects.toMatchObject({ type: "InvalidSql", message: expect.stringContaining("zz") as string });
});

test("a join without end is stopped by its deadline", async () => {
  const own = await openSandbox({ scratch, timezone: "UTC", memoryMegabytes: 128 });
  await expect(own.run("prepare", "select count(*) from range(10000000000) a, range(10000000000) b", 300)).rejects.toMatchObject({ type: "SqlLimit", message: expect.stringContaining("0.3 s") as string });
});

test("one huge value is stopped by the memory ceiling and takes nothing else with it", async () => {
  const own = await openSandbox({ scratch, timezone: "UTC", memoryMegabytes: 128 });
  await expect(own.run("slice", "select repeat('x', 1500000000) as v")).rejects.toMatchObject({ type: "SqlLimit", message: expect.stringMatching(/^slice: /) as string });
});

test("a sort larger than its memory limit spills inside its folder", async () => {
  const rows = await sandbox.run("sort", "select count(*) as n from (select * from (select i, repeat('x', 100) || i as s from range(3000000) r(i)) order by s desc offset 1)");
  expect(rows).toEqual([{ n: 2_999_999 }]);
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, expect, test } from "vitest";
import { column } from "../../schemas/column.ts";
import { skewSql } from "../../tables/skew-sql.ts";
import { writeParquet } from "./landing-files.ts";

const folder = mkdtempSync(join(tmpdir(), "relearn-skew-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const columns = [{ name: "far", column: column.parse({ type: "number" }) }];
/** Two rows of one request and one of another. */
const served = (extras: string) => `(select * from (values ('a', 0::integer, 1.0::float), ('a', 1, 2.0), ('b', 0, 3.0)) r(prediction_id, "row", in_far), (select 1 as v, ${extras} as extras))`;
const counts = async (query: { readonly key: readonly string[]; readonly prepared: string; readonly extras?: string }) => {
  const path = await writeParquet(join(folder, `${Math.random()}.parquet`), query.prepared);
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  return (await connection.runAndReadAll(skewSql({ served: served(query.extras ?? "null::varchar"), prepared: [path], v: 1, columns, key: query.key }))).getRows()[0];
};

test("rows of a source of predictions are found again by what the log calls them", async () => {
  const prepared = "select * from (values ('a', 0, 1.0::double), ('a', 1, 2.5), ('b', 0, 3.0)) r(prediction_id, \"row\", far)";
  expect(await counts({ key: ["prediction_id", "row"], prepared })).toEqual([3, 1]);
});

test("a key that callers send is read from what they sent, whatever it is called", async () => {
  const prepared = "select * from (values (7, 1.0::double), (1, 9.0)) r(\"row\", far)";
  expect(await counts({ key: ["row"], prepared, extras: "'{\"row\": 7}'" })).toEqual([3, 2]);
});

import { expect, it } from "vitest";
import { tmpdir } from "node:os";
import { readStrings } from "../../activities/scoring/read-strings.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";

const text = (i: string): string => `case ${i} % 6 when 0 then '' when 1 then 'C' || ${i} % 16 when 2 then repeat('x', 11 + ${i} % 3) when 3 then 'é' || ${i} when 4 then 'row' || ${i} else 'ab' || chr(0) || ${i} % 9 end`;

it("strings of every length are read as DuckDB gives them, also when more differ than are remembered", async () => {
  await withDuckDb({ spill: tmpdir(), timezone: "UTC" }, async (connection) => {
    const sql = `select ${text("i")} as s from range(60000) t(i)`;
    const expected = (await connection.runAndReadAll(sql)).getColumns()[0] as string[];
    const read: string[] = [];
    const result = await connection.stream(sql);
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) readStrings(chunk.getColumnVector(0), read, read.length, chunk.rowCount);
    expect(read).toHaveLength(60_000);
    expect(read.findIndex((one, i) => one !== expected[i])).toBe(-1);
  });
});

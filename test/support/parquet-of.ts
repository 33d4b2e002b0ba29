import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { quote } from "../../tables/quote.ts";

/** Rows as a Parquet file. @param columns names and DuckDB types, in the file's order; @param options of COPY, beginning with a comma */
export function parquetOf(folder: string, columns: Readonly<Record<string, string>>, rows: readonly object[], options = ""): Promise<Uint8Array> {
  return withDuckDb({ spill: join(folder, "spill"), timezone: "UTC" }, async (connection) => {
    const name = randomUUID();
    const [from, path] = [join(folder, `${name}.jsonl`), join(folder, `${name}.parquet`)];
    await writeFile(from, rows.map((row) => JSON.stringify(row)).join("\n"));
    const types = Object.entries(columns).map(([column, type]) => `${quote(column)}: ${quote(type)}`).join(", ");
    await connection.run(`copy (select * from read_json(${quote(from)}, format = 'newline_delimited', columns = {${types}})) to ${quote(path)} (format parquet${options})`);
    return readFile(path);
  });
}

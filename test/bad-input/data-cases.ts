import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunRecord } from "../../schemas/run.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { dayName, days, header, linesOf } from "./tiny-pipeline.ts";

interface DataCase {
  readonly name: string;
  readonly format?: "parquet";
  /** Changes the good files of this folder. */
  readonly spoil: (landing: string) => void | Promise<void>;
  /** What the run comes to: `refused` ends with exit code 3, `held` with 1. */
  readonly state: Extract<RunRecord["state"], "refused" | "held">;
  readonly says: RegExp;
}

const spoilt = 1;
const day = dayName(spoilt);
const rewrite = (change: (lines: string[]) => string | Buffer, name = `${day}.csv`) => (landing: string): void => writeFileSync(join(landing, name), change([header, ...linesOf(spoilt)]));
const text = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
/** Line 32 of the file. */
const inTheMiddle = (lines: readonly string[], change: (line: string) => string): string => text(lines.map((line, i) => (i === 31 ? change(line) : line)));

export const dataCases: readonly DataCase[] = [
  { name: "a CSV line with too many fields", spoil: rewrite((lines) => inTheMiddle(lines, (line) => `${line},more`)), state: "refused", says: /2026-01-02\.csv, line 32: Expected Number of Columns: 5 Found: 6, found "1-30,.*more"$/ },
  { name: "invalid UTF-8", spoil: rewrite((lines) => Buffer.from(inTheMiddle(lines, () => "1,\u00ff"), "latin1")), state: "refused", says: /2026-01-02\.csv, line 32: invalid UTF-8 in .*; write the file as UTF-8$/ },
  { name: "a huge line", spoil: rewrite((lines) => inTheMiddle(lines, () => "x".repeat(11 * 2 ** 20))), state: "refused", says: /2026-01-02\.csv, line 32: the line is longer than 10 MiB/ },
  { name: "a renamed column", spoil: rewrite(([, ...lines]) => text([header.replace("far", "distance"), ...lines])), state: "refused", says: /2026-01-02\.csv has no column far, which .*2026-01-01\.csv has; it has distance instead: was it renamed\?$/ },
  { name: "a missing column", spoil: rewrite((lines) => text(lines.map((line) => line.split(",").filter((_, i) => i !== 2).join(",")))), state: "refused", says: /2026-01-02\.csv has no column far, which .*2026-01-01\.csv has$/ },
  { name: "labels all of one class", spoil: (landing) => {
    for (let n = 0; n < days; n++) writeFileSync(join(landing, `${dayName(n)}.csv`), text([header, ...linesOf(n).map((line) => line.replace("false", "true"))]));
  }, state: "refused", says: /every label \(late\) in the train window is "true": nothing can be learned from it/ },
  { name: "an empty Parquet", format: "parquet", spoil: (landing) => writeFileSync(join(landing, `${day}.parquet`), ""), state: "held", says: /2026-01-02\.parquet is empty \(0 bytes\)/ },
  { name: "a truncated Parquet", format: "parquet", spoil: (landing) => writeFileSync(join(landing, `${day}.parquet`), readFileSync(join(landing, `${day}.parquet`)).subarray(0, 700)), state: "held", says: /2026-01-02\.parquet cannot be read to its end \(.*\): it looks half-written; land it whole$/ },
  { name: "a retyped column", format: "parquet", spoil: (landing) => toParquet(landing, [spoilt], "far || ' km'"), state: "refused", says: /2026-01-02\.parquet: column far is VARCHAR, but DOUBLE in .*2026-01-01\.parquet: it was retyped$/ },
];

/** The good days as Parquet, but for `far` or the rows of one of them. */
export async function toParquet(landing: string, only: readonly number[] = [0, 1, 2], far = "far::double"): Promise<void> {
  const copy = (file: string): string => `copy (select id, "at"::timestamptz as "at", ${far} as far, weather, late::boolean as late from read_csv('${file}.csv', all_varchar = true)) to '${file}.parquet' (format parquet)`;
  await withDuckDb({ spill: join(landing, "spill"), timezone: "UTC" }, async (connection) => {
    for (const n of only) await connection.run(copy(join(landing, dayName(n))));
  });
}

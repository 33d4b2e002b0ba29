import type { DuckDBConnection } from "@duckdb/node-api";
import type { CategorySketch, ColumnFrame, ColumnSketch, Frame, NumberFrame, NumberSketch, Sketch, TimeSketch } from "../schemas/sketch.ts";
import { keepTop } from "../stats/merge-sketches.ts";
import { id } from "./quote.ts";
import { sketchSql } from "./sketch-sql.ts";

interface Cell {
  readonly kind: string;
  readonly bucket: number | null;
  readonly value: number | null;
  readonly text: string | null;
  readonly n: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly sum: number;
  readonly squares: number;
  readonly whole: number;
  readonly tens: number;
}

/**
 * Sketches every partition of a table in one scan. Counts are exact, the same on every run; sums within rounding.
 * @param from a table or subquery with the frame's columns.
 * @param partitionColumn tells its rows apart: any type, its text names the sketch in the result.
 * @throws Error of DuckDB when a column is missing or of a type that cannot be read as declared.
 */
export async function sketchPartitions(connection: DuckDBConnection, frame: Frame, from: string, partitionColumn: string): Promise<Map<string, Sketch>> {
  const names = Object.keys(frame.columns);
  const rows = await countRows(connection, from, partitionColumn);
  const cells = names.length === 0 ? new Map<string, Cell[][]>() : await readCells(connection, sketchSql(frame, from, partitionColumn), names.length);
  return new Map([...rows].map(([partition, n]) => [partition, { version: 1, rows: n, columns: readColumns(frame, cells.get(partition)) }]));
}

async function countRows(connection: DuckDBConnection, from: string, partitionColumn: string): Promise<Map<string, number>> {
  const reader = await connection.runAndReadAll(`select ${id(partitionColumn)}::varchar, count(*)::double from ${from} group by 1 order by 1`);
  return new Map(reader.getRows().map(([partition, n]) => [String(partition), Number(n)]));
}

/** Partition to column index to cells. Values are read as doubles: a count never comes near 2^53. */
async function readCells(connection: DuckDBConnection, sql: string, columns: number): Promise<Map<string, Cell[][]>> {
  const picked = "p::varchar, c::int, k, b, v, s, n::double, lo, hi, total, squares, whole::double, tens::double";
  const result = await connection.stream(`select ${picked} from (${sql})`);
  const cells = new Map<string, Cell[][]>();
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const row of chunk.getRows()) place(cells, row, columns);
  }
  return cells;
}

function place(cells: Map<string, Cell[][]>, row: readonly unknown[], columns: number): void {
  const [partition, column, kind, bucket, value, text, n, low, high, sum, squares, whole, tens] = row;
  const list = cells.get(String(partition)) ?? Array.from({ length: columns }, (): Cell[] => []);
  cells.set(String(partition), list);
  list[Number(column)]?.push({
    kind: String(kind), bucket: bucket as number | null, value: value as number | null, text: text as string | null, n: Number(n),
    low: low as number | null, high: high as number | null, sum: Number(sum ?? 0), squares: Number(squares ?? 0), whole: Number(whole), tens: Number(tens),
  });
}

function readColumns(frame: Frame, cells: readonly (readonly Cell[])[] | undefined): Record<string, ColumnSketch> {
  return Object.fromEntries(Object.entries(frame.columns).map(([name, column], i) => [name, readColumn(column, cells?.[i] ?? [])]));
}

function readColumn(column: ColumnFrame, cells: readonly Cell[]): ColumnSketch {
  if (column.kind === "category" || column.kind === "pattern") return categoryColumn(cells);
  return column.kind === "time" ? timeColumn(cells) : numberColumn(column, cells);
}

const rowsOf = (cells: readonly Cell[], kind: string): number => total(cells.filter((cell) => cell.kind === kind), (cell) => cell.n);
const total = (cells: readonly Cell[], of: (cell: Cell) => number): number => cells.reduce((sum, cell) => sum + of(cell), 0);

function extreme(values: readonly (number | null)[], pick: (...values: number[]) => number): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => pick(a, b));
}

function categoryColumn(cells: readonly Cell[]): CategorySketch {
  const values = cells.filter((cell) => cell.text !== null).map((cell): [string, number] => [cell.text as string, cell.n]);
  return { kind: "category", nulls: rowsOf(cells, "null"), count: rowsOf(cells, "value"), ...keepTop(values, 0, 0) };
}

function timeColumn(cells: readonly Cell[]): TimeSketch {
  const hours = new Array<number>(24).fill(0);
  for (const { bucket, n } of cells) if (bucket !== null) hours[bucket] = n;
  const values = cells.filter((cell) => cell.kind === "value");
  return {
    kind: "time", nulls: rowsOf(cells, "null"), count: total(values, (c) => c.n), hours, onTheHour: total(values, (c) => c.whole),
    min: extreme(values.map((c) => c.low), Math.min), max: extreme(values.map((c) => c.high), Math.max),
  };
}

function numberColumn({ center, scale, discrete }: NumberFrame, cells: readonly Cell[]): NumberSketch {
  const finite = cells.filter((cell) => cell.kind === "value");
  const exact = discrete && finite.every((cell) => cell.value !== null);
  return {
    kind: "number", center, scale,
    nulls: rowsOf(cells, "null"), nan: rowsOf(cells, "nan"), infinite: rowsOf(cells, "infinite"), count: total(finite, (c) => c.n),
    min: extreme(finite.map((c) => c.low), Math.min), max: extreme(finite.map((c) => c.high), Math.max),
    sum: total(finite, (c) => c.sum), squares: total(finite, (c) => c.squares), whole: total(finite, (c) => c.whole), tens: total(finite, (c) => c.tens),
    values: exact ? byNumber(finite, (c) => c.value) : null,
    buckets: exact ? [] : byNumber(finite, (c) => c.bucket),
  };
}

function byNumber(cells: readonly Cell[], key: (cell: Cell) => number | null): [number, number][] {
  return cells.map((cell): [number, number] => [key(cell) as number, cell.n]).sort(([a], [b]) => a - b);
}

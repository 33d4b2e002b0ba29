import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type { CategorySketch, ColumnFrame, ColumnSketch, Frame, NumberFrame, NumberSketch, Sketch, TimeSketch } from "../schemas/sketch.ts";
import { keepTop } from "../stats/merge-sketches.ts";
import { id } from "./quote.ts";
import { cellKinds, sketchSql } from "./sketch-sql.ts";

interface Cell {
  readonly kind: number;
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

/** Partition to column index to cells. */
type Cells = Map<number, Cell[][]>;

/**
 * Sketches every partition of a table in one scan. Counts are exact, the same on every run; sums within rounding.
 * @param from a table or subquery with the frame's columns.
 * @param partitionColumn an integer column that tells its partitions apart, and names the sketch in the result.
 * @throws Error of DuckDB when a column is missing or of a type that cannot be read as declared.
 */
export async function sketchPartitions(connection: DuckDBConnection, frame: Frame, from: string, partitionColumn: string): Promise<Map<number, Sketch>> {
  const rows = await countRows(connection, from, partitionColumn);
  const cells = await readCells(connection, frame, sketchSql(frame, from, partitionColumn));
  return new Map([...rows].map(([partition, n]) => [partition, { version: 1, rows: n, columns: readColumns(frame, cells.get(partition)) }]));
}

async function countRows(connection: DuckDBConnection, from: string, partitionColumn: string): Promise<Map<number, number>> {
  const reader = await connection.runAndReadAll(`select ${id(partitionColumn)}::int, count(*)::double from ${from} group by 1 order by 1`);
  return new Map(reader.getRows().map(([partition, n]) => [Number(partition), Number(n)]));
}

/**
 * Column by column, in the typed arrays that DuckDB gives: a year of days is half a million cells.
 * Not streamed: at 10 million rows a streamed UNION ALL stood still for ever, its branches waiting for one another's room in the buffer.
 */
async function readCells(connection: DuckDBConnection, frame: Frame, statements: readonly string[]): Promise<Cells> {
  const picked = "p::int, c::int, k::int, b::int, n::double, v, lo, hi, total::double, squares::double, whole::double, tens::double, s";
  const strings = Object.values(frame.columns).map(({ kind }) => kind === "category" || kind === "pattern");
  const cells: Cells = new Map();
  for (const sql of statements) {
    const result = await connection.run(`select ${picked} from (${sql})`);
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) place(cells, chunk, strings);
  }
  return cells;
}

function place(cells: Cells, chunk: DuckDBDataChunk, strings: readonly boolean[]): void {
  const [partition, column, kind, bucket, n, value, low, high, sum, squares, whole, tens, text] = Array.from({ length: 13 }, (_, i) => chunk.getColumnVector(i)) as unknown as [Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Numbers, Texts];
  for (let row = 0; row < chunk.rowCount; row++) {
    const [p, c] = [partition.getItem(row) as number, column.getItem(row) as number];
    const list = cells.get(p) ?? strings.map((): Cell[] => []);
    cells.set(p, list);
    list[c]?.push({
      kind: kind.getItem(row) as number, bucket: bucket.getItem(row), value: value.getItem(row), text: strings[c] === true ? text.getItem(row) : null, n: n.getItem(row) as number,
      low: low.getItem(row), high: high.getItem(row), sum: sum.getItem(row) ?? 0, squares: squares.getItem(row) ?? 0, whole: whole.getItem(row) ?? 0, tens: tens.getItem(row) ?? 0,
    });
  }
}

interface Numbers {
  getItem(row: number): number | null;
}

interface Texts {
  getItem(row: number): string | null;
}

function readColumns(frame: Frame, cells: readonly (readonly Cell[])[] | undefined): Record<string, ColumnSketch> {
  return Object.fromEntries(Object.entries(frame.columns).map(([name, column], i) => [name, readColumn(column, cells?.[i] ?? [])]));
}

function readColumn(column: ColumnFrame, cells: readonly Cell[]): ColumnSketch {
  if (column.kind === "category" || column.kind === "pattern") return categoryColumn(cells);
  return column.kind === "time" ? timeColumn(cells) : numberColumn(column, cells);
}

const rowsOf = (cells: readonly Cell[], kind: number): number => total(cells.filter((cell) => cell.kind === kind), (cell) => cell.n);
const total = (cells: readonly Cell[], of: (cell: Cell) => number): number => cells.reduce((sum, cell) => sum + of(cell), 0);

function extreme(values: readonly (number | null)[], pick: (...values: number[]) => number): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => pick(a, b));
}

function categoryColumn(cells: readonly Cell[]): CategorySketch {
  const values = cells.filter((cell) => cell.text !== null).map((cell): [string, number] => [cell.text as string, cell.n]);
  return { kind: "category", nulls: rowsOf(cells, cellKinds.none), count: rowsOf(cells, cellKinds.value), ...keepTop(values, 0, 0) };
}

function timeColumn(cells: readonly Cell[]): TimeSketch {
  const hours = new Array<number>(24).fill(0);
  for (const { bucket, n } of cells) if (bucket !== null) hours[bucket] = n;
  const values = cells.filter((cell) => cell.kind === cellKinds.value);
  return {
    kind: "time", nulls: rowsOf(cells, cellKinds.none), count: total(values, (c) => c.n), hours, onTheHour: total(values, (c) => c.whole),
    min: extreme(values.map((c) => c.low), Math.min), max: extreme(values.map((c) => c.high), Math.max),
  };
}

function numberColumn({ center, scale, discrete }: NumberFrame, cells: readonly Cell[]): NumberSketch {
  const finite = cells.filter((cell) => cell.kind === cellKinds.value);
  const exact = discrete && finite.every((cell) => cell.value !== null);
  return {
    kind: "number", center, scale,
    nulls: rowsOf(cells, cellKinds.none), nan: rowsOf(cells, cellKinds.nan), infinite: rowsOf(cells, cellKinds.infinite), count: total(finite, (c) => c.n),
    min: extreme(finite.map((c) => c.low), Math.min), max: extreme(finite.map((c) => c.high), Math.max),
    sum: total(finite, (c) => c.sum), squares: total(finite, (c) => c.squares), whole: total(finite, (c) => c.whole), tens: total(finite, (c) => c.tens),
    values: exact ? byNumber(finite, (c) => c.value) : null,
    buckets: exact ? [] : byNumber(finite, (c) => c.bucket),
  };
}

function byNumber(cells: readonly Cell[], key: (cell: Cell) => number | null): [number, number][] {
  return cells.map((cell): [number, number] => [key(cell) as number, cell.n]).sort(([a], [b]) => a - b);
}

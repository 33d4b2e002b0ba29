import { id, quote } from "./quote.ts";
import { type ColumnFrame, type Frame, maxExactNumbers, type NumberFrame } from "../schemas/sketch.ts";
import { bucketWidth } from "../stats/buckets.ts";

/** Columns counted by one statement: each holds its groups while it runs, and all at once took 1.2 GB of 10 million rows. */
const columnsAtOnce = 6;

/**
 * The scans that count every column of `frame` by partition: one GROUP BY per column, some joined by UNION ALL, since that runs
 * in half the time of histogram aggregates in one SELECT.
 * Result columns: p (partition), c (column index), k (see `cellKinds`), b (bucket), v (value), s (string), n, lo, hi, total, squares, whole, tens.
 * @param from a table or subquery with the frame's columns and `partitionColumn`, an integer.
 */
export function sketchSql(frame: Frame, from: string, partitionColumn: string): readonly string[] {
  const part = id(partitionColumn);
  const branches = Object.entries(frame.columns).map(([name, column], i) => branch(i, name, column, from, part, frame.timezone));
  return Array.from({ length: Math.ceil(branches.length / columnsAtOnce) }, (_, i) => branches.slice(i * columnsAtOnce, (i + 1) * columnsAtOnce).join("\nunion all\n"));
}

/** The number that stands for a column's value, as a double. */
export function numberSql(name: string, kind: NumberFrame["kind"]): string {
  if (kind === "length") return `length(${id(name)})::double`;
  return kind === "norm" ? `sqrt(list_dot_product(${id(name)}::double[], ${id(name)}::double[]))` : `${id(name)}::double`;
}

function branch(index: number, name: string, column: ColumnFrame, from: string, part: string, zone: string): string {
  const text = `${id(name)}::varchar`;
  if (column.kind === "category") return strings(index, text, from, part);
  if (column.kind === "pattern") return strings(index, `regexp_replace(regexp_replace(${text}, '[0-9]+', '9', 'g'), '[[:alpha:]]+', 'a', 'g')`, from, part);
  if (column.kind === "time") return times(index, `${id(name)}::timestamptz`, from, part, zone);
  return numbers(index, numberSql(name, column.kind), column, from, part);
}

/** What a cell counts. */
export const cellKinds = { none: 0, nan: 1, infinite: 2, value: 3 } as const;
const kindSql = (isNull: string): string => `case when ${isNull} then ${cellKinds.none} else ${cellKinds.value} end`;

const none = { b: "null::int", v: "null::double", s: "null::varchar", lo: "null::double", hi: "null::double", total: "null::double", squares: "null::double", whole: "0::bigint", tens: "0::bigint" };

function row(index: number, cells: Partial<Record<keyof typeof none | "k" | "n", string>>): string {
  const all = { k: `${cellKinds.value}`, n: "count(*)", ...none, ...cells };
  return `${index} c, ${all.k} k, ${all.b} b, ${all.v} v, ${all.s} s, ${all.n} n, ${all.lo} lo, ${all.hi} hi, ${all.total} total, ${all.squares} squares, ${all.whole} whole, ${all.tens} tens`;
}

/** Very long strings are told apart by their start and their MD5: a sketch stays small. */
function strings(index: number, value: string, from: string, part: string): string {
  const short = `case when length(${value}) > 120 then left(${value}, 80) || '#' || md5(${value}) else ${value} end`;
  return `select ${part} p, ${row(index, { k: kindSql("x is null"), s: "x" })} from (select ${part}, ${short} x from ${from}) group by ${part}, x`;
}

const quarterHour = 900_000_000;

/** Quarters of an hour are counted first: a time zone is then asked for tens of instants a day, not for each row's. Every zone is off UTC by quarters. */
function times(index: number, value: string, from: string, part: string, zone: string): string {
  const quarters = `select ${part}, x // ${quarterHour} q, count(*) n, min(x) lo, max(x) hi, count(*) filter (x % ${4 * quarterHour} = 0) whole from (select ${part}, epoch_us(${value}) x from ${from}) group by ${part}, q`;
  const cells = { k: kindSql("h is null"), b: "h::int", n: "sum(n)::bigint", lo: "min(lo)::double", hi: "max(hi)::double", whole: "sum(whole)::bigint" };
  return `select ${part} p, ${row(index, cells)} from (select *, hour(timezone(${quote(zone)}, make_timestamptz(q * ${quarterHour}))) h from (${quarters})) group by ${part}, h`;
}

/**
 * Few distinct numbers are counted one by one (`v`), unless a partition turns out to have
 * more than 256 after all; others by bucket (`b`). Where values repeat, what is computed of a value is computed once.
 */
function numbers(index: number, value: string, column: NumberFrame, from: string, part: string): string {
  const kind = `case when x is null then ${cellKinds.none} when isnan(x) then ${cellKinds.nan} when isinf(x) then ${cellKinds.infinite} else ${cellKinds.value} end`;
  const bucket = `case when isfinite(x) then floor(asinh((x - (${double(column.center)})) / (${double(column.scale)})) * ${1 / bucketWidth})::int end`;
  const sums = { lo: "min(x)", hi: "max(x)", total: "sum(x)", squares: "sum(x * x)", whole: "count(*) filter (x = floor(x))", tens: "count(*) filter (x % 10 = 0)" };
  const rows = `(select ${part}, ${value} x from ${from})`;
  if (!column.discrete && column.repeats !== true) return `select ${part} p, ${row(index, { k: "kk", b: "bb", ...sums })} from (select ${part}, x, ${kind} kk, ${bucket} bb from ${rows}) group by ${part}, kk, bb`;
  const each = `(select ${part}, x, count(*) n from ${rows} group by ${part}, x)`;
  const weighed = {
    k: "kk", b: "bb", v: "vv", n: "sum(n)::bigint", lo: "min(x)", hi: "max(x)", total: "sum(x * n)", squares: "sum(x * x * n)",
    whole: "coalesce(sum(n) filter (x = floor(x)), 0)::bigint", tens: "coalesce(sum(n) filter (x % 10 = 0), 0)::bigint",
  };
  const exact = column.discrete ? `case when count(*) over (partition by ${part}) <= ${maxExactNumbers} then x end` : "null::double";
  return `select ${part} p, ${row(index, weighed)} from (select ${part}, x, n, ${kind} kk, ${exact} vv, ${bucket} bb from ${each}) group by ${part}, kk, bb, vv`;
}

const double = (value: number): string => `${value}::double`;

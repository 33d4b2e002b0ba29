/** A column whose values lie one after another as Parquet's PLAIN encoding has them; none is null. */
export interface PlainColumn {
  readonly name: string;
  readonly type: PlainType;
  /** Little-endian numbers, or texts in UTF-8 behind their length (32 bits). */
  readonly bytes: Buffer;
  /** Absent: one value a row. Else each row is a list of so many. */
  readonly width?: number;
}

export type PlainType = "int32" | "int64" | "float" | "double" | "text";

const physical: Readonly<Record<PlainType, number>> = { int32: 1, int64: 2, float: 4, double: 5, text: 6 };
const [plain, rle] = [0, 3];
const [required, repeated] = [0, 2];
const magic = Buffer.from("PAR1", "latin1");

/**
 * A Parquet file of one row group without compression or nulls, for DuckDB to read at its own speed: handing it values one by one from JavaScript takes
 * over 20 times as long. Format: https://parquet.apache.org/docs/file-format/, metadata in Thrift's compact protocol.
 */
export function plainParquet(columns: readonly PlainColumn[], rows: number): Buffer[] {
  const parts: Buffer[] = [magic];
  let at = magic.length;
  const chunks = columns.map((column) => {
    const page = pageOf(column, rows);
    const offset = at;
    const bytes = page.reduce((sum, part) => sum + part.length, 0);
    parts.push(...page);
    at += bytes;
    return { column, offset, bytes };
  });
  const footer = struct([
    [1, i32(1)],
    [2, list(12, [struct([[4, text("rows")], [5, i32(columns.length)]]), ...columns.map(schemaElement)])],
    [3, i64(rows)],
    [4, list(12, [struct([[1, list(12, chunks.map(({ column, offset, bytes }) => chunk(column, offset, bytes, rows)))], [2, i64(at)], [3, i64(rows)]])])],
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return [...parts, footer, length, magic];
}

const valuesOf = ({ width = 1 }: PlainColumn, rows: number): number => rows * width;

function pageOf(column: PlainColumn, rows: number): Buffer[] {
  const levels = column.width === undefined ? [] : [listLevels(rows, column.width), allOnes(valuesOf(column, rows))];
  const bytes = levels.reduce((sum, part) => sum + part.length, 0) + column.bytes.length;
  const header = struct([[1, i32(0)], [2, i32(bytes)], [3, i32(bytes)], [5, nested([[1, i32(valuesOf(column, rows))], [2, i32(plain)], [3, i32(rle)], [4, i32(rle)]])]]);
  return [header, ...levels, column.bytes];
}

function schemaElement({ name, type, width }: PlainColumn): Buffer {
  return struct([[1, i32(physical[type])], [3, i32(width === undefined ? required : repeated)], [4, text(name)], ...(type === "text" ? [[6, i32(0)] as Field] : [])]);
}

function chunk(column: PlainColumn, offset: number, bytes: number, rows: number): Buffer {
  return struct([[2, i64(offset)], [3, nested([
    [1, i32(physical[column.type])], [2, list(5, [varint(zigzag(plain)), varint(zigzag(rle))])], [3, list(8, [text(column.name).bytes])], [4, i32(0)],
    [5, i64(valuesOf(column, rows))], [6, i64(bytes)], [7, i64(bytes)], [9, i64(offset)],
  ])]]);
}

/** Repetition levels: 0 where a row begins, else 1; bits, lowest first. */
function listLevels(rows: number, width: number): Buffer {
  const bits = Buffer.alloc(Math.ceil((rows * width) / 8), 0xff);
  for (let bit = 0; bit < rows * width; bit += width) bits[bit >> 3]! &= ~(1 << (bit & 7));
  return sized(Buffer.concat([varint(BigInt(bits.length) * 2n + 1n), bits]));
}

/** Definition levels: every value is there. */
const allOnes = (values: number): Buffer => sized(Buffer.concat([varint(BigInt(values) * 2n), Buffer.of(1)]));

function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

interface Value { readonly type: number; readonly bytes: Buffer }
type Field = readonly [id: number, value: Value];

const zigzag = (value: number): bigint => BigInt(value) * 2n;
const i32 = (value: number): Value => ({ type: 5, bytes: varint(zigzag(value)) });
const i64 = (value: number): Value => ({ type: 6, bytes: varint(zigzag(value)) });
const text = (value: string): Value => ({ type: 8, bytes: Buffer.concat([varint(BigInt(Buffer.byteLength(value))), Buffer.from(value)]) });
const nested = (fields: readonly Field[]): Value => ({ type: 12, bytes: struct(fields) });
const list = (type: number, items: readonly Buffer[]): Value => ({ type: 9, bytes: Buffer.concat([items.length < 15 ? Buffer.of((items.length << 4) | type) : Buffer.concat([Buffer.of(0xf0 | type), varint(BigInt(items.length))]), ...items]) });

/** Fields by rising id, each header the step from the one before. */
function struct(fields: readonly Field[]): Buffer {
  return Buffer.concat([...fields.flatMap(([id, { type, bytes }], i) => [Buffer.of(((id - (fields[i - 1]?.[0] ?? 0)) << 4) | type), bytes]), Buffer.of(0)]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

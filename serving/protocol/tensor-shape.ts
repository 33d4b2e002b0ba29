import { counted } from "../../policy/counted.ts";
import { refuse, shown } from "./refuse.ts";

/**
 * Rows of a tensor: its shape is [n, width], or [n] where the width is 1.
 * @throws RelearnError `InvalidInput` naming the input.
 */
export function rowsOf(name: string, width: number, shape: unknown): number {
  const fits = Array.isArray(shape) && (shape.length === 2 ? shape[1] === width : shape.length === 1 && width === 1);
  const rows: unknown = fits ? shape[0] : null;
  // The product is never computed from what the caller says: a width that fits times rows that the limit allows.
  return Number.isSafeInteger(rows) && (rows as number) >= 0 ? (rows as number) : refuse(`input ${JSON.stringify(name)}: expected shape [n,${width}]${width === 1 ? " or [n]" : ""}, found ${shown(shape)}`);
}

/**
 * The values of a tensor in one list, whether they came flat or nested as the shape is.
 * @throws RelearnError `InvalidInput` where their number is another than the shape says.
 */
export function flatData(name: string, data: unknown, rows: number, width: number): readonly unknown[] {
  if (!Array.isArray(data)) return refuse(`input ${JSON.stringify(name)}: expected a list as data, found ${data === null ? "null" : typeof data}`);
  if (!Array.isArray(data[0])) return data.length === rows * width ? data : refuse(`input ${JSON.stringify(name)}: its shape makes ${counted(rows * width, "value")}, found ${data.length}`);
  if (data.length !== rows) refuse(`input ${JSON.stringify(name)}: its shape makes ${counted(rows, "row")}, found ${data.length}`);
  for (const row of data as unknown[]) if (!Array.isArray(row) || row.length !== width) refuse(`input ${JSON.stringify(name)}: each row is a list of ${counted(width, "value")}, found ${Array.isArray(row) ? `a list of ${row.length}` : typeof row}`);
  return (data as unknown[][]).flat();
}


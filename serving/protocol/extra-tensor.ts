import { readStrings } from "./binary-values.ts";
import { datatypes } from "./datatypes.ts";
import { refuse, shown } from "./refuse.ts";
import { extraValue } from "./rows-request.ts";
import { flatData } from "./tensor-shape.ts";

/** Values of a field that is no feature but is wanted in the log, one a row. @throws RelearnError `InvalidInput`. */
export function readExtra(name: string, input: Record<string, unknown>, bytes: Buffer | null, rows: number): readonly unknown[] {
  const { datatype, data } = input;
  if (bytes === null) return flatData(name, data, rows, 1).map((value, at) => extraValue(name, at, value));
  if (datatype === "BYTES") return readStrings(name, bytes, rows);
  const known = typeof datatype === "string" ? datatypes[datatype] : undefined;
  if (known === undefined) return refuse(`input ${shown(name)}: there is no datatype ${shown(datatype)}`);
  if (bytes.length !== rows * known.bytes) refuse(`input ${shown(name)}: its shape makes ${rows * known.bytes} bytes of ${String(datatype)}, found ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: rows }, (_, i) => plain(known.read(view, i * known.bytes), datatype === "BOOL"));
}

const plain = (value: number | bigint, isBoolean: boolean): unknown => (isBoolean ? value !== 0 : typeof value === "bigint" ? value.toString() : value);

import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { RelearnError } from "../schemas/failures.ts";

/** A line longer than this is no row. */
export const longestLine = 10 * 2 ** 20;

export interface TextScan {
  /** Lines, the last one counted whether or not it has an end. */
  readonly lines: number;
  readonly endsWithNewline: boolean;
  readonly firstLine: string;
}

const newline = 10;

/**
 * Reads a text file once, in bounded memory, before DuckDB sees it.
 * @param name says which file, in messages.
 * @throws RelearnError `DataRefused` naming the file and the line that is no UTF-8 or too long.
 */
export async function scanText(path: string, name: string, signal?: AbortSignal): Promise<TextScan> {
  let lines = 0;
  let firstLine: string | null = null;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = text.lastIndexOf(newline) + 1;
    firstLine ??= end === 0 ? null : lineText(text.subarray(0, text.indexOf(newline)));
    lines += wholeLines(text.subarray(0, end), lines, name);
    rest = text.subarray(end);
    if (rest.length > longestLine) throw new RelearnError("DataRefused", `${name}, line ${lines + 1}: the line is longer than ${longestLine / 2 ** 20} MiB; is a quote or a newline missing?`);
  }
  if (rest.length === 0) return { lines, endsWithNewline: lines > 0, firstLine: firstLine ?? "" };
  if (!isUtf8(rest)) throw badUtf8(rest, lines + 1, name);
  return { lines: lines + 1, endsWithNewline: false, firstLine: firstLine ?? lineText(rest) };
}

function wholeLines(text: Buffer, before: number, name: string): number {
  const valid = isUtf8(text);
  let count = 0;
  for (let from = 0; from < text.length; count++) {
    const end = text.indexOf(newline, from);
    if (!valid && !isUtf8(text.subarray(from, end))) throw badUtf8(text.subarray(from, end), before + count + 1, name);
    from = end + 1;
  }
  return count;
}

function badUtf8(line: Buffer, number: number, name: string): RelearnError {
  const shown = JSON.stringify(line.subarray(0, 80).toString("utf8"));
  return new RelearnError("DataRefused", `${name}, line ${number}: invalid UTF-8 in ${shown}; write the file as UTF-8`);
}

const lineText = (line: Buffer) => line.toString("utf8").replace(/^\uFEFF/, "").replace(/\r$/, "");

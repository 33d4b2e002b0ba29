import { clip, plain, styled, uncoloured, widthOf } from "./style.ts";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers are read from the right. */
  readonly right?: boolean;
  /** Gives way first when the terminal is narrow, and is cut then. */
  readonly shrinks?: boolean;
  /** Gives way too, and goes on in the next line: for what must be read whole. */
  readonly wraps?: boolean;
}

const gap = 2;
const narrowest = 8;

/**
 * Rows as lines: a line of titles, then one line a row, or more where a cell wraps, no wider than `width` where a column may shrink.
 * A cell keeps its colours and nothing else that is no plain text, so that no name can redraw what stands around it.
 * @param width characters; Infinity where nobody's eyes are to be spared (a pipe).
 */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string {
  const cells = rows.map((row) => columns.map((column) => styled(column.cell(row))));
  const titles = columns.map((column) => plain(column.title));
  const natural = columns.map((_, i) => Math.max(widthOf(titles[i] as string), ...cells.map((line) => widthOf(line[i] as string))));
  const widths = fit(columns, natural, width);
  const line = (texts: readonly string[]) => texts.map((text, i) => pad(text, widths[i] as number, columns[i]?.right ?? false)).join(" ".repeat(gap)).trimEnd();
  const lines = (texts: readonly string[]): string[] => {
    const parts = texts.map((text, i) => (columns[i]?.wraps === true ? wrap(text, widths[i] as number) : [clip(text, widths[i] as number)]));
    return Array.from({ length: Math.max(...parts.map(({ length }) => length)) }, (_, row) => line(parts.map((part) => part[row] ?? "")));
  };
  return [titles, ...cells].flatMap(lines).join("\n");
}

/** What goes on is set in, so that no name's later part can pass for a row of its own. */
const setIn = "  ";

/** Breaks between words, and inside a word that is longer than a line. A text that has to be broken loses its colours. */
function wrap(text: string, width: number): string[] {
  if (widthOf(text) <= width) return [text];
  const room = width - setIn.length;
  const lines = [""];
  for (const word of uncoloured(text).split(" ")) {
    const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
    if (widthOf(longer) <= room) lines[lines.length - 1] = longer;
    else lines.push(...pieces(word, room));
  }
  return lines.filter((each) => each !== "").map((each, i) => (i === 0 ? each : setIn + each));
}

const pieces = (word: string, width: number): string[] => Array.from({ length: Math.ceil(widthOf(word) / width) }, (_, i) => [...word].slice(i * width, (i + 1) * width).join(""));

function pad(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}

/** Takes what is too much from the shrinking columns, the widest first. */
function fit<Row>(columns: readonly Column<Row>[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, each) => sum + each, 0) + gap * (widths.length - 1) - width;
  while (excess > 0) {
    const candidates = columns.flatMap((column, i) => ((column.shrinks === true || column.wraps === true) && (widths[i] as number) > narrowest ? [i] : []));
    if (candidates.length === 0) break;
    const widest = candidates.reduce((a, b) => ((widths[b] as number) > (widths[a] as number) ? b : a));
    widths[widest] = (widths[widest] as number) - 1;
    excess--;
  }
  return widths;
}

import { clip, plain, styled, widthOf } from "./style.ts";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers are read from the right. */
  readonly right?: boolean;
  /** Gives way first when the terminal is narrow. */
  readonly shrinks?: boolean;
}

const gap = 2;
const narrowest = 8;

/**
 * Rows as lines: a line of titles, then one line a row, no wider than `width` where a column may shrink.
 * A cell keeps its colours and nothing else that is no plain text, so that no name can redraw what stands around it.
 * @param width characters; Infinity where nobody's eyes are to be spared (a pipe).
 */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string {
  const cells = rows.map((row) => columns.map((column) => styled(column.cell(row))));
  const titles = columns.map((column) => plain(column.title));
  const natural = columns.map((_, i) => Math.max(widthOf(titles[i] as string), ...cells.map((line) => widthOf(line[i] as string))));
  const widths = fit(columns, natural, width);
  const line = (texts: readonly string[]) => texts.map((text, i) => pad(clip(text, widths[i] as number), widths[i] as number, columns[i]?.right ?? false)).join(" ".repeat(gap)).trimEnd();
  return [line(titles), ...cells.map(line)].join("\n");
}

function pad(text: string, width: number, right: boolean): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}

/** Takes what is too much from the shrinking columns, the widest first. */
function fit<Row>(columns: readonly Column<Row>[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, each) => sum + each, 0) + gap * (widths.length - 1) - width;
  while (excess > 0) {
    const candidates = columns.flatMap((column, i) => (column.shrinks === true && (widths[i] as number) > narrowest ? [i] : []));
    if (candidates.length === 0) break;
    const widest = candidates.reduce((a, b) => ((widths[b] as number) > (widths[a] as number) ? b : a));
    widths[widest] = (widths[widest] as number) - 1;
    excess--;
  }
  return widths;
}

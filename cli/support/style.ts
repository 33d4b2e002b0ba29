/** Wraps text in a terminal's colour codes, or leaves it as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const;

/** @param colors false where colours are unwanted: no terminal, or NO_COLOR (https://no-color.org). */
export function makeStyle(colors: boolean): Style {
  const paint = (name: keyof typeof codes) => (text: string) => (colors ? `\u001b[${codes[name][0]}m${text}\u001b[${codes[name][1]}m` : text);
  return { bold: paint("bold"), dim: paint("dim"), red: paint("red"), green: paint("green"), yellow: paint("yellow"), cyan: paint("cyan") };
}

/** What somebody else wrote, without the characters that could move a terminal's cursor or fake a line. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ").trim();
}

const ansi = /\u001b\[\d+m/g;

/** Characters that a text takes on a terminal, colour codes aside. */
export function widthOf(text: string): number {
  return [...text.replace(ansi, "")].length;
}

/** Cuts a text to `width` characters, with an ellipsis where something was cut; a cut text loses its colours. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return `${[...text.replace(ansi, "")].slice(0, Math.max(0, width - 1)).join("")}…`;
}

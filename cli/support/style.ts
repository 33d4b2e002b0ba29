import { plainText, seenText } from "../../policy/plain-text.ts";

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
export const plain = plainText;

/** As `plain`, for a text of several lines. */
export const plainLines = (text: string): string => text.split("\n").map((line) => /^\s*/.exec(line)![0].replace(/[^ ]/g, " ") + plainText(line)).join("\n");

/** The codes of `makeStyle`, and no others. */
const ansi = new RegExp(`\\u001b\\[(?:${[...new Set(Object.values(codes).flat())].join("|")})m`, "g");

/** A text that was coloured here: its colours stay, whatever else is no plain text goes. */
export function styled(text: string): string {
  const colours = text.match(ansi) ?? [];
  return text.split(ansi).map((part, i) => seenText(part) + (colours[i] ?? "")).join("");
}

/** A text that was coloured here, without its colours. */
export const uncoloured = (text: string): string => text.replace(ansi, "");

/** Characters that a text takes on a terminal, colour codes aside. */
export function widthOf(text: string): number {
  return [...uncoloured(text)].length;
}

/** Cuts a text to `width` characters, with an ellipsis where something was cut; a cut text loses its colours. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return `${[...uncoloured(text)].slice(0, Math.max(0, width - 1)).join("")}…`;
}

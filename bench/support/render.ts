import type { Figure } from "./figure.ts";

/** One block a figure: minimum, median and maximum, the same of its limit below, and the target. */
export function renderFigures(figures: readonly Figure[]): string {
  const missed = figures.filter(({ met }) => !met).length;
  const last = figures.length === 0 ? "no figures" : `${figures.length - missed} of ${figures.length} targets met`;
  return `\n${figures.map(renderFigure).join("\n")}\n${last}\n`;
}

function renderFigure(figure: Figure): string {
  const { limit, ratio } = figure;
  const lines = [
    `${figure.met ? "met   " : "MISSED"} ${figure.name}: ${figure.figure}`,
    row(figure.unit, "", figure),
    ...(limit === null ? [] : [row(figure.unit, limit.name, limit)]),
    `         target: ${figure.target}${ratio === null ? "" : `; ratio ${short(ratio)}`}; ${figure.runs} runs`,
    ...figure.notes.map((note) => `         ${note}`),
  ];
  return `${lines.join("\n")}\n`;
}

function row(unit: string, name: string, { min, median, max }: { readonly min: number; readonly median: number; readonly max: number }): string {
  const [least, middle, most] = [min, median, max].map((value) => short(value).padStart(10));
  return `         ${least}${middle}${most}  ${unit}${name === "" ? "   minimum, median, maximum" : `   limit: ${name}`}`;
}

function short(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

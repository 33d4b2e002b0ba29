import type { Estimate } from "../../schemas/evaluation.ts";

/** `2013-03-01 08:00:05Z`: to the second, in UTC. */
export const shortTime = (instant: string): string => `${new Date(instant).toISOString().slice(0, 19).replace("T", " ")}Z`;

/** `0.4 s`, `42 s`, `3 min 05 s`, `2 h 07 min`, `3 d 04 h`. @param seconds never negative */
export function duration(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${two((seconds % 3_600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${two((seconds % 86_400) / 3_600)} h`;
}

/** `12 B`, `3.4 kB`, `5.0 MB`: powers of 1000. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1_000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return power === 0 ? `${bytes} B` : `${(bytes / 1_000 ** power).toFixed(1)} ${units[power]}`;
}

/** Four significant digits, and no more decimals than that needs. */
export function figure(value: number | null): string {
  if (value === null) return "-";
  if (value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e6)) return String(Number(value.toPrecision(4)));
  return value.toExponential(3);
}

/** `0.712 [0.701, 0.723]`; the reason where there is no value. */
export function interval({ value, low, high, why }: Estimate): string {
  if (value === null) return why ?? "-";
  return low === null || high === null ? figure(value) : `${figure(value)} [${figure(low)}, ${figure(high)}]`;
}

export const signed = (estimate: Estimate): string => ((estimate.value ?? 0) > 0 ? `+${interval(estimate)}` : interval(estimate));

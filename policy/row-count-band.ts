import type { Finding } from "../schemas/validation.ts";
import { count, counted } from "./counted.ts";

export interface PartitionRows {
  /** `2013-02-28` or `2013-02-28T05`. */
  readonly name: string;
  readonly rows: number;
}

/** So many partitions outside the band, or this share of the new ones, may be a holiday or a storm. */
const [tolerated, toleratedShare] = [2, 0.1];

/** Beyond five times the band there is no such excuse. */
const excused = 5;

/** Partitions of so few rows say nothing by their number. */
const fewestTypical = 20;

/**
 * Compares each new partition's rows with what is typical for its weekday (its hour, where partitions are hours). A few
 * partitions outside the band are recorded; more than 2 and more than a tenth of the new ones, or one with under a fifth of the
 * band's lower end (over five times its upper), stop the run: less data is not taken for a quiet day.
 * @param band 0.5 is half to double; 1 turns the check off.
 */
export function rowCountFindings(history: readonly PartitionRows[], fresh: readonly PartitionRows[], band: number): Finding[] {
  if (band >= 1) return [];
  const typical = typicalRows(history);
  const judged = fresh.flatMap((partition) => {
    const expected = typical(partition.name);
    return expected === null || expected < fewestTypical ? [] : [{ ...partition, expected, ratio: partition.rows / expected }];
  });
  const [low, high] = [1 - band, 1 / (1 - band)];
  const outside = judged.filter(({ ratio }) => ratio < low || ratio > high);
  const extreme = outside.filter(({ ratio }) => ratio < low / excused || ratio > high * excused);
  const many = outside.length > Math.max(tolerated, judged.length * toleratedShare);
  return outside.map(({ name, rows, expected, ratio }): Finding => ({
    check: "row count", subject: name, rows, effect: many || extreme.some((other) => other.name === name) ? "stopped" : "harmless",
    message: `partition ${name} has ${counted(rows, "row")} where ${count(Math.round(expected))} are typical (${Math.round(ratio * 100)} %, the band is ${Math.round(low * 100)} to ${Math.round(high * 100)} %): land the rest of it, or widen validation.rowCountBand`,
  }));
}

/** Median of the last 8 partitions of the same slot, where there are 3; else of the last 28 of any. */
function typicalRows(history: readonly PartitionRows[]): (name: string) => number | null {
  const ordered = [...history].sort((a, b) => (a.name < b.name ? -1 : 1));
  const slots = new Map<string, number[]>();
  for (const { name, rows } of ordered) slots.set(slotOf(name), [...(slots.get(slotOf(name)) ?? []), rows]);
  const overall = ordered.slice(-28).map(({ rows }) => rows);
  return (name) => {
    const same = slots.get(slotOf(name))?.slice(-8) ?? [];
    if (same.length >= 3) return median(same);
    return overall.length >= 3 && !name.includes("T") ? median(overall) : null;
  };
}

/** The weekday of a day, the hour of an hour. */
function slotOf(name: string): string {
  const [day, hour] = name.split("T");
  return hour === undefined ? String(new Date(`${day}T00:00:00Z`).getUTCDay()) : hour;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

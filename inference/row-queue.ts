import type { Entry } from "./batch-entries.ts";

/** Callers in the order they came, and how many rows they bring. */
export interface RowQueue {
  readonly rows: number;
  readonly empty: boolean;
  push(entry: Entry): void;
  /** Puts callers before all others. */
  putBack(entries: readonly Entry[]): void;
  /** Takes those that go together next, of one group and at most `maxRows` rows; one that brings more goes alone. Whoever's deadline has passed is handed to `onLate` instead. */
  take(maxRows: number, now: number, onLate: (entry: Entry) => void): readonly Entry[];
  /** Takes out whoever's deadline has passed. */
  dropLate(now: number, onLate: (entry: Entry) => void): void;
  takeAll(): readonly Entry[];
}

const isLate = ({ deadline }: Entry, now: number): boolean => deadline <= now;
export const rowsOf = (entries: readonly Entry[]): number => entries.reduce((sum, { batch }) => sum + batch.rows, 0);

export function rowQueue(): RowQueue {
  let entries: Entry[] = [];
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    get empty() {
      return entries.length === 0;
    },
    push: (entry) => {
      entries.push(entry);
      rows += entry.batch.rows;
    },
    putBack: (before) => {
      entries = [...before, ...entries];
      rows += rowsOf(before);
    },
    take: (maxRows, now, onLate) => {
      const together: Entry[] = [];
      let [taken, most] = [0, 0];
      for (const entry of entries) {
        if (isLate(entry, now)) onLate(entry);
        else if (together.length > 0 && (entry.group !== together[0]!.group || most + entry.batch.rows > maxRows)) break;
        else {
          together.push(entry);
          most += entry.batch.rows;
        }
        taken++;
      }
      rows -= rowsOf(entries.splice(0, taken));
      return together;
    },
    dropLate: (now, onLate) => {
      if (!entries.some((entry) => isLate(entry, now))) return;
      for (const entry of entries) if (isLate(entry, now)) onLate(entry);
      entries = entries.filter((entry) => !isLate(entry, now));
      rows = rowsOf(entries);
    },
    takeAll: () => {
      rows = 0;
      return entries.splice(0);
    },
  };
}

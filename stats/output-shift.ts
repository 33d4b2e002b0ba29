import type { Cell } from "./e-values.ts";
import { outputBucket } from "./output-bucket.ts";
import { psi } from "./psi.ts";
import type { ScoredRows } from "./scored-rows.ts";

/** How often each bucket of `outputBucket` came. `weight`: what one of them counts. */
export interface Outputs { readonly counts: ReadonlyMap<number, number>; readonly weight: number }

/** Outputs are compared over about this many cells of equal weight. */
const cellCount = 10;
/** Added to each count, so that a cell which a few hundred outputs happen to leave empty says no more than they can (Krichevsky-Trofimov). */
const half = 0.5;

/** Neighbouring buckets joined until each cell holds about a tenth of both versions' outputs: by the sum of the two, so that the joining favours neither. */
export function outputCells(candidate: Outputs, champion: Outputs): Cell[] {
  const buckets = [...new Set([...candidate.counts.keys(), ...champion.counts.keys()])].sort((a, b) => a - b);
  const cells = buckets.map((bucket) => cellOf((candidate.counts.get(bucket) ?? 0) * candidate.weight, (champion.counts.get(bucket) ?? 0) * champion.weight));
  const enough = cells.reduce((sum, cell) => sum + cell.both, 0) / cellCount;
  const joined: Cell[] = [];
  let open: Cell = { candidate: 0, both: 0 };
  for (const cell of cells) {
    open = { candidate: open.candidate + cell.candidate, both: open.both + cell.both };
    if (open.both < enough) continue;
    joined.push(open);
    open = { candidate: 0, both: 0 };
  }
  return open.both === 0 ? joined : [...joined, open];
}

const cellOf = (candidate: number, champion: number): Cell => ({ candidate, both: candidate + champion });

/** How far a candidate's outputs lie from the champion's: their PSI over such cells. */
export const outputShift = (cells: readonly Cell[]): number => psi(cells.map((cell) => cell.both - cell.candidate + half), cells.map((cell) => cell.candidate + half));

/** The same of two models' scores of the same rows; null where there are none. */
export function shiftOfScores(candidate: ScoredRows, champion: ScoredRows): number | null {
  const [mine, theirs] = [countsOf(candidate), countsOf(champion)];
  return mine.size === 0 || theirs.size === 0 ? null : outputShift(outputCells({ counts: mine, weight: 1 }, { counts: theirs, weight: 1 }));
}

function countsOf(rows: ScoredRows): Map<number, number> {
  const width = rows.task === "multiclass" ? rows.classes : 1;
  const counts = new Map<number, number>();
  for (let row = 0; row < rows.label.length; row++) {
    const bucket = outputBucket(rows.task, rows.score, row, width);
    if (bucket !== null) counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return counts;
}

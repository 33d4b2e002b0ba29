import { type Cell, type Ended, openPoisonedWorld } from "./poisoned-world.ts";
import { shapes } from "./served-trips.ts";

/** Right labels, then each share turned round in each shape. */
export const cells: readonly Cell[] = [{ share: 0, shape: "random" }, ...[0.01, 0.05, 0.2].flatMap((share) => shapes.map((shape) => ({ share, shape })))];

export interface PoisonedRun { readonly seed: number; readonly cell: Cell; readonly end: Ended }

/** Every cell once, in one world. */
export async function poisonedRuns(seed: number): Promise<PoisonedRun[]> {
  const world = await openPoisonedWorld(seed);
  try {
    const runs: PoisonedRun[] = [];
    for (const cell of cells) {
      runs.push({ seed, cell, end: await world.run(cell, seed) });
      console.log(JSON.stringify(runs.at(-1)));
    }
    return runs;
  } finally {
    await world.close();
  }
}

/** How a cell's runs ended, what stopped them, and the candidates' accuracy on right labels against the champion's, also of those that did not take over. */
export function cellLine({ share, shape }: Cell, runs: readonly PoisonedRun[]): string {
  const ends = runs.filter(({ cell }) => cell.share === share && cell.shape === shape).map(({ end }) => end);
  const counted = (of: readonly string[]) => [...new Set(of)].map((name) => `${name} ${of.filter((one) => one === name).length}`).join(", ");
  const differences = ends.flatMap(({ difference }) => (difference === null ? [] : [difference])).sort((a, b) => a - b);
  const range = differences.length === 0 ? "nothing trained" : `${points(differences[0]!)} to ${points(differences.at(-1)!)}`;
  return `| ${share * 100} % | ${share === 0 ? "none" : shape} | ${counted(ends.map(({ ended }) => ended))} | ${counted(ends.flatMap(({ by }) => by)) || "-"} | ${range} |`;
}

const points = (difference: number): string => `${difference < 0 ? "-" : "+"}${Math.abs(difference * 100).toFixed(2)}`;

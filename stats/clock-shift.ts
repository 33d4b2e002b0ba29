import type { TimeSketch } from "../schemas/sketch.ts";
import { jensenShannon } from "./jensen-shannon.ts";

/** Below this distance the day looks as it always did; it must fall to this part of itself for a shift to explain it. */
const [smallestDistance, explainedPart] = [0.12, 0.4];

/** An hour may be the difference of summer and winter time, so it must explain nearly everything. */
const [oneHourDistance, oneHourPart] = [0.2, 0.25];

const fewestRows = 200;

/**
 * Hours by which the day's profile must be turned back to look like the reference's: -5 where every time was written five
 * hours too early. Null where no turn explains the difference clearly. Distances are Jensen-Shannon over the 24 hours.
 */
export function clockShift(reference: TimeSketch, current: TimeSketch): number | null {
  if (Math.min(reference.count, current.count) < fewestRows) return null;
  const now = jensenShannon(reference.hours, current.hours);
  const turns = Array.from({ length: 23 }, (_, i) => i + 1).map((turn) => ({ turn, distance: jensenShannon(reference.hours, turned(current.hours, turn)) }));
  const best = turns.reduce((a, b) => (b.distance < a.distance ? b : a));
  const hours = best.turn > 12 ? best.turn - 24 : best.turn;
  const [least, part] = Math.abs(hours) === 1 ? [oneHourDistance, oneHourPart] : [smallestDistance, explainedPart];
  return now >= least && best.distance <= now * part ? hours : null;
}

/** The profile as it would be with every row `turn` hours earlier. */
const turned = (hours: readonly number[], turn: number): number[] => hours.map((_, hour) => hours[(hour + turn) % 24] as number);

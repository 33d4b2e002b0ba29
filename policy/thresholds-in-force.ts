import type { Threshold } from "../schemas/monitors.ts";
import type { ThresholdChange } from "../schemas/threshold-change.ts";

/** The definition's thresholds with the changes that were made while it ran, oldest first: the last of a name holds, and null goes back to the definition's. */
export function thresholdsInForce(written: Readonly<Record<string, Threshold>>, changes: readonly Pick<ThresholdChange, "metric" | "threshold">[]): Readonly<Record<string, Threshold>> {
  const last = new Map(changes.map(({ metric, threshold }) => [metric, threshold]));
  return { ...written, ...Object.fromEntries([...last].filter((entry): entry is [string, Threshold] => entry[1] !== null)) };
}

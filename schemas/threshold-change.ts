import { z } from "zod";
import { threshold } from "./monitors.ts";
import { instant } from "./time.ts";

/** `reports/<model>/thresholds/<8 digits>.json`: one change of what alarms while it runs, for ever on the record; the last one of a name holds. */
export const thresholdChange = z.strictObject({
  version: z.literal(1),
  n: z.int().min(1),
  /** A metric's name, or its name and what it is of, as in `monitors.thresholds`. */
  metric: z.string().min(1).max(200),
  /** Null: again as the definition has it. */
  threshold: threshold.nullable(),
  /** As claimed. */
  by: z.string().min(1).max(120),
  reason: z.string().max(2_000),
  at: instant,
}).readonly();
export type ThresholdChange = z.infer<typeof thresholdChange>;

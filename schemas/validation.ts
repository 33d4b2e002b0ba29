import { z } from "zod";
import { sha256 } from "./names.ts";

/** What one check of the data said. `stopped` ends the run; `quarantined` set rows aside; `harmless` is recorded only. */
export const finding = z.strictObject({
  check: z.string(),
  /** The column, source, file or partition it speaks of. */
  subject: z.string(),
  effect: z.enum(["stopped", "quarantined", "harmless"]),
  rows: z.int().min(0),
  /** What was found, what was expected, what to do. */
  message: z.string(),
}).readonly();
export type Finding = z.infer<typeof finding>;

/** Drift of one column against a reference: see `stats/` for each distance. Null where the reference has too few rows. */
export const columnDrift = z.strictObject({
  column: z.string(),
  psi: z.number().nullable(),
  jensenShannon: z.number().nullable(),
  kolmogorovSmirnov: z.number().nullable(),
  nullShare: z.number(),
  referenceNullShare: z.number().nullable(),
}).readonly();
export type ColumnDrift = z.infer<typeof columnDrift>;

/** The report of `validate`, kept as a blob beside the snapshot it judged. */
export const validationReport = z.strictObject({
  version: z.literal(1),
  pipeline: z.string(),
  snapshot: sha256.nullable(),
  /** Which snapshot the bands and the drift were taken against. */
  reference: sha256.nullable(),
  findings: z.array(finding),
  drift: z.array(columnDrift),
  rows: z.strictObject({ in: z.int(), accepted: z.int(), quarantined: z.int() }),
}).readonly();
export type ValidationReport = z.infer<typeof validationReport>;

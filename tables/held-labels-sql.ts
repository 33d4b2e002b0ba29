import { feedbackSql } from "./feedback-sql.ts";

/**
 * The label that holds for each row of each prediction, as `policy/feedback.ts` says: what was received last; of what was received at once, the last in the
 * order of what it says. Columns prediction_id, row, label, value, received_at; no rows without files. @param wanted condition on a row of feedback
 */
export function heldLabelsSql(files: readonly string[], wanted = "true"): string {
  const held = `last(struct_pack(label, value, received_at) order by received_at, to_json([label, value::varchar, "at"::varchar])::varchar)`;
  return `select prediction_id, "row", h.label, h.value, h.received_at from (select prediction_id, "row", ${held} as h from (${feedbackSql(files)}) where ${wanted} group by 1, 2)`;
}

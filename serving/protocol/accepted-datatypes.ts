import type { ColumnPlan } from "./contract-plan.ts";
import { refuse, shown } from "./refuse.ts";

const whole = ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"];
const numbers = ["FP16", "FP32", "FP64", ...whole];

/** Datatypes whose values a column can take without loss; FP64 is rounded where the model takes float32, as it was in training. */
function acceptedFor({ column }: ColumnPlan): readonly string[] {
  switch (column) {
    case "number":
    case "embedding":
      return numbers;
    case "boolean":
      return ["BOOL", ...numbers];
    case "integer":
    case "time":
      return whole;
    case "category":
    case "text":
      return ["BYTES"];
  }
}

/** @throws RelearnError `InvalidInput` naming the input, where the column cannot take the datatype. */
export function checkDatatype(plan: ColumnPlan, datatype: unknown): string {
  if (datatype === plan.datatype) return plan.datatype;
  const accepted = acceptedFor(plan);
  return typeof datatype === "string" && accepted.includes(datatype) ? datatype : refuse(`input ${JSON.stringify(plan.name)}: expected datatype ${plan.datatype}${accepted.length > 1 ? ` (or ${accepted.filter((one) => one !== plan.datatype).join(", ")})` : ""}, found ${shown(datatype)}`);
}

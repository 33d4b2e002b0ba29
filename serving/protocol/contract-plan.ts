import type { ModelContract } from "../../inference/contract.ts";
import type { Column } from "../../schemas/column.ts";

/** One input of a model, with all that reading its values needs. */
export interface ColumnPlan {
  readonly name: string;
  readonly index: number;
  readonly type: "float32" | "double" | "int64" | "string";
  readonly column: Column["type"];
  /** Numbers a row. */
  readonly width: number;
  readonly nullable: boolean;
  /** Its values are in no message. */
  readonly isPrivate: boolean;
  /** What metadata says, and what a client that asks for nothing else should send. */
  readonly datatype: "FP32" | "FP64" | "INT64" | "BYTES";
}

export interface ContractPlan {
  readonly columns: readonly ColumnPlan[];
  readonly byName: ReadonlyMap<string, ColumnPlan>;
}

const datatypes = { float32: "FP32", double: "FP64", int64: "INT64", string: "BYTES" } as const;
const plans = new WeakMap<ModelContract, ContractPlan>();

/** Made once a contract. */
export function planOf(contract: ModelContract): ContractPlan {
  const known = plans.get(contract);
  if (known !== undefined) return known;
  const columns = contract.inputs.map(({ name, type, width }, index): ColumnPlan => {
    const { column } = contract.columns[index]!;
    return { name, index, type, width, column: column.type, nullable: "nullable" in column && column.nullable, isPrivate: column.private === true, datatype: datatypes[type] };
  });
  const plan = { columns, byName: new Map(columns.map((one) => [one.name, one])) };
  plans.set(contract, plan);
  return plan;
}

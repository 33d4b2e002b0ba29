import type { Column } from "../schemas/column.ts";
import type { Definition } from "../schemas/definition.ts";
import { keyColumns, type PreparedColumn, preparedColumns, primarySource } from "./prepared-columns.ts";

/** Raised when the same rows under the same definition would be judged or written differently: cached answers are then left alone. */
export const acceptanceVersion = 1;

/** All that decides which prepared rows are accepted and how they are written: the part of a definition that a partition's cache depends on. */
export interface Contract {
  readonly version: number;
  readonly timezone: string;
  /** Declared columns, then label, key and event time where those are not declared. */
  readonly columns: readonly PreparedColumn[];
  readonly rules: Readonly<Record<string, string>>;
  readonly label: { readonly column: string; readonly task: Definition["label"]["task"] };
  /** Event time of the primary source. */
  readonly time: string;
  /** Columns that name a row; none: the whole row names itself. */
  readonly key: readonly string[];
  /** Percent of keys set apart. */
  readonly reserve: number;
}

export function contractOf(definition: Definition): Contract {
  const { timezone, rules, reserve, label, sources } = definition;
  const columns = preparedColumns(definition).map(({ name, column: { description: _, private: __, ...column } }) => ({ name, column: column as Column }));
  const time = sources[primarySource(definition)]?.time as string;
  return { version: acceptanceVersion, timezone, columns, rules, label: { column: label.column, task: label.task }, time, key: keyColumns(definition), reserve };
}

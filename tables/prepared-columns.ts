import { column } from "../schemas/column.ts";
import type { Column } from "../schemas/column.ts";
import type { Definition } from "../schemas/definition.ts";

export interface PreparedColumn { readonly name: string; readonly column: Column }

/** The source whose rows are the data set's rows. */
export const primarySource = ({ primary }: Definition): string => primary;

export function keyColumns(definition: Definition): readonly string[] {
  const key = definition.sources[primarySource(definition)]!.key;
  return key === undefined ? [] : typeof key === "string" ? [key] : key;
}

/** What names a row: its key's columns, or, without a key, all of them. Rows so named are what golden sets and the reserve set apart. */
export function namingColumns(definition: Definition): readonly PreparedColumn[] {
  const key = keyColumns(definition);
  return preparedColumns(definition).filter(({ name }) => key.length === 0 || key.includes(name));
}

/**
 * What a prepared partition holds, in order: the declared columns, then label, key and event time where those are not declared.
 * Undeclared, the label of a regression is a number, another label and a key are text, and the event time, also as a part of the key, is a time.
 */
export function preparedColumns(definition: Definition): readonly PreparedColumn[] {
  const columns = new Map(Object.entries(definition.columns));
  const { label } = definition;
  const add = (name: string, type: Column["type"], nullable = false) => void (columns.has(name) || columns.set(name, column.parse({ type, feature: false, ...(nullable ? { nullable } : {}) })));
  add(label.column, label.task === "regression" ? "number" : "category");
  const { time } = definition.sources[primarySource(definition)]!;
  for (const key of keyColumns(definition)) add(key, key === time ? "time" : "text");
  add(time, "time");
  return [...columns].map(([name, value]) => ({ name, column: value }));
}

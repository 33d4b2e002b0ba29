import { RelearnError } from "../schemas/failures.ts";
import type { LabelColumns } from "../schemas/source.ts";
import { kindOf, numberText } from "./column-sql.ts";
import { id } from "./quote.ts";

/**
 * A SELECT that brings labels from elsewhere into the shape of `labelFileColumns`: what they share with the rows and what came true as text, and when that was known.
 * @param from what stands after FROM; its time column is TIMESTAMPTZ
 * @param types DuckDB type of each of its columns
 * @param where the labels lie, for messages
 * @throws RelearnError `DataRefused` naming a column that is not there
 */
export function labelRowsSql(from: string, { on, label, time, source }: LabelColumns, types: ReadonlyMap<string, string>, where: string): string {
  const typeOf = (name: string) => types.get([...types.keys()].find((key) => key.toLowerCase() === name.toLowerCase()) ?? "") ?? missingLabelColumn(where, name, [...types.keys()]);
  const text = (name: string) => (kindOf(typeOf(name)) === "number" ? numberText(id(name)) : `${id(name)}::varchar`);
  const shared = [on].flat().map((name) => `${text(name)} as ${id(name)}`);
  const said = source === undefined ? "null::varchar" : text(source);
  typeOf(time);
  return `select ${[...shared, `${text(label)} as y`, `${id(time)} as known_at`, `${id(time)} as received_at`, `${said} as source`].join(", ")} from ${from}`;
}

/** @param where the labels lie @param names of the columns there */
export function missingLabelColumn(where: string, name: string, names: readonly string[]): never {
  throw new RelearnError("DataRefused", `${where} has no column ${name}, by which the definition reads labels; it has ${names.join(", ")}`);
}

import { durationSeconds } from "../../schemas/calendar.ts";
import type { Definition } from "../../schemas/definition.ts";
import type { PredictionsSource } from "../../schemas/source.ts";
import { isRowFact, labelFileColumns, rowFacts, sharedColumns } from "../../tables/labelled-rows-sql.ts";

/** Fields of a definition that are each valid and do not fit together. */
export interface Contradiction { readonly at: readonly string[]; readonly message: string }

/** What a definition must say, and must not, for a model's predictions to be training data. */
export function predictionsProblems(definition: Definition): Contradiction[] {
  const named = Object.entries(definition.sources).flatMap(([name, source]) => (source.format === "predictions" ? [{ name, source }] : []));
  if (named.length === 0) return [];
  return [...maturity(definition), ...features(definition, named[0]!.name), ...named.flatMap(({ name, source }) => names(definition, name, source))];
}

function maturity({ label }: Definition): Contradiction[] {
  if (durationSeconds(label.arrives) > 0) return [];
  return [{ at: ["label", "arrives"], message: "must be longer than nothing where a source is predictions: it says how long after a prediction its label may still come; a younger row is not trained on" }];
}

function features({ columns }: Definition, name: string): Contradiction[] {
  return Object.entries(columns).filter(([, { feature }]) => feature).flatMap(([column, { private: hidden }]) => [
    ...(hidden === true ? [{ at: ["columns", column], message: `is private, so its values are not in the prediction log, and the source ${name} cannot give them: leave out the one or the other` }] : []),
    ...(isRowFact(column) ? [{ at: ["columns", column], message: `the name is taken by what the prediction log says of a row (${Object.keys(rowFacts).join(", ")}), which the source ${name} gives` }] : []),
  ]);
}

function names({ columns, label }: Definition, name: string, source: PredictionsSource): Contradiction[] {
  const known = new Set([...Object.keys(rowFacts), ...Object.keys(columns), ...[source.key].flat()]);
  const at = ["sources", name, "labels", "on"];
  return sharedColumns(source).flatMap((column) => [
    ...(!known.has(column) || column === label.column ? [{ at, message: `${column} is nothing that served rows have: name prediction_id, a column, or what the key names` }] : []),
    ...(Object.hasOwn(labelFileColumns, column) ? [{ at, message: `${column} is what labels call something of their own (${Object.keys(labelFileColumns).join(", ")}): share a column of another name` }] : []),
  ]);
}

import { durationParts } from "../schemas/calendar.ts";
import type { Definition } from "../schemas/definition.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { PredictionsSource } from "../schemas/source.ts";
import type { Window } from "../schemas/time.ts";
import { duckdbType, hidden, numberText } from "./column-sql.ts";
import { parquetFiles } from "./open-duckdb.ts";
import { preparedColumns } from "./prepared-columns.ts";
import { predictionsSql } from "./read-predictions.ts";
import { id, quote } from "./quote.ts";
import { servedValue } from "./served-sql.ts";

/** What a row of the log says of itself, beside its features, and each one's SQL type. */
const askedFacts = { prediction_id: "VARCHAR", row: "INTEGER", at: "TIMESTAMPTZ", v: "INTEGER", variant: "VARCHAR" } as const;

/** That, and who said its label; null where that is not known, or nobody did. */
export const rowFacts = { ...askedFacts, label_source: "VARCHAR" } as const;
export const isRowFact = (name: string): boolean => Object.hasOwn(rowFacts, name);

/** Changes when the same log gives other rows for another reason than the definition. */
export const labelledFormat = 3;

export interface LabelledRows {
  readonly definition: Definition;
  readonly source: PredictionsSource;
  /** Local files of the prediction log, and the columns that any of them has. */
  readonly asked: readonly string[];
  readonly logged: ReadonlySet<string>;
  /** Local files of labels, in the shape of `labelFileColumns`. */
  readonly said: readonly string[];
  readonly over: Window;
}

/** Columns of a label file beside those that it shares with the rows, which are text: what came true, when it was known, when it was received, and who said it; a file may do without the last. */
export const labelFileColumns = { y: "VARCHAR", known_at: "TIMESTAMPTZ", received_at: "TIMESTAMPTZ", source: "VARCHAR" } as const;

/** Columns that labels and rows share. Feedback names a row of a prediction. */
export const sharedColumns = ({ labels }: PredictionsSource): readonly string[] => (labels.from === "feedback" ? ["prediction_id", "row"] : [labels.on].flat());

/** Everything of a definition that decides what the same log and the same labels give. */
export function labelledContract({ columns, consent, label, timezone }: Definition, { labels, unlabelled, key }: PredictionsSource): unknown {
  return { format: labelledFormat, columns: Object.entries(columns).map(([name, { type, feature }]) => ({ name, type, feature })), consent, label: { column: label.column, arrives: label.arrives }, timezone, labels, unlabelled, key };
}

/** Columns of `labelled`, whatever the log holds, as DuckDB names their types. */
export function labelledColumns(definition: Definition, source: PredictionsSource): { readonly name: string; readonly type: string }[] {
  const declared = columnNames(definition, source).map((name) => ({ name, type: definition.columns[name]?.feature === true ? duckdbType(definition.columns[name]) : "VARCHAR" }));
  return [...declared, { name: definition.label.column, type: "VARCHAR" }, ...Object.entries(rowFacts).map(([name, type]) => ({ name, type: type === "TIMESTAMPTZ" ? "TIMESTAMP WITH TIME ZONE" : type }))];
}

/**
 * Statements that leave the rows of a window in the temporary table `labelled`, each once, sorted by what names them, and a last one that counts what became of all:
 * answered, without consent, without a label in time, with one that came later.
 *
 * A row is an answer to a caller: no copy for a shadow, no failure. Of labels known at most `label.arrives` after it, the one that was received last holds
 * (`policy/feedback.ts`); what is said later changes nothing, so that the same log gives the same rows whenever it is read. A label from elsewhere that was
 * known before the row's day is of something else that bears the same name.
 */
export function labelledRowsSql(request: LabelledRows): string[] {
  const { definition, source, asked, said, over } = request;
  const shared = sharedColumns(source);
  const label = id(definition.label.column);
  const keys = shared.map((name, i) => `${sharedSql(request, name)}::varchar as __k${i}`);
  const onKeys = shared.map((name, i) => `a.__k${i} = l.${id(name)}::varchar`).join(" and ");
  const intime = `l.known_at <= a."at" + ${intervalSql(definition.label.arrives)}`;
  const own = source.labels.from === "feedback" ? "" : ` and l.known_at >= date_trunc('day', a."at")`;
  const unlabelled = source.unlabelled === undefined ? "null" : quote(String(source.unlabelled));
  const facts = [...Object.keys(askedFacts).map((name) => `a.${id(name)}`), "h.source as label_source"];
  return [
    `create or replace temp table asked as select *, ${keys.join(", ")}, ${consentSql(definition)} as __consent from (${predictionsSql(asked, over)}) where variant <> 'shadow' and error is null
     qualify row_number() over (partition by prediction_id, "row" order by v, variant, digest, latency_ms) = 1`,
    `create or replace temp view said as ${noLabels(shared)}${said.length === 0 ? "" : ` union all by name select * from ${parquetFiles(said, ", hive_partitioning = false, union_by_name = true")}`}`,
    `create or replace temp table held as select prediction_id, "row", h.y as y, h.source as source, late from (select a.prediction_id, a."row", last(struct_pack(y := l.y, source := l.source) order by l.received_at, to_json([l.y, l.known_at::varchar, l.source])::varchar) filter (${intime}) as h, count(*) filter (not (${intime})) > 0 as late
     from asked a join said l on ${onKeys}${own} where l.y is not null group by 1, 2)`,
    `create or replace temp table labelled as select ${[...rowColumns(request).map(({ name, sql }) => `${sql} as ${id(name)}`), `coalesce(h.y, ${unlabelled})::varchar as ${label}`, ...facts].join(", ")}, row_number() over (order by a.prediction_id, a."row") as ${hidden.row}
     from asked a left join held h on h.prediction_id = a.prediction_id and h."row" = a."row" where a.__consent and coalesce(h.y, ${unlabelled}) is not null order by a.prediction_id, a."row"`,
    `select count(*)::bigint as answered, count(*) filter (not a.__consent)::bigint as without_consent, count(*) filter (a.__consent and h.y is null)::bigint as without_label, count(*) filter (a.__consent and coalesce(h.late, false))::bigint as late
     from asked a left join held h on h.prediction_id = a.prediction_id and h."row" = a."row"`,
  ];
}

/** Added to a TIMESTAMPTZ it goes by the calendar of the session's time zone. */
function intervalSql(duration: string): string {
  const { months, days, milliseconds } = durationParts(duration);
  return `(to_months(${months}) + to_days(${days}) + to_milliseconds(${milliseconds}))`;
}

const noLabels = (shared: readonly string[]): string => `select ${[...shared.map((name) => [name, "VARCHAR"]), ...Object.entries(labelFileColumns)].map(([name, type]) => `null::${type} as ${id(name!)}`).join(", ")} where false`;

/** Where a definition asks for consent, only a row that gave it; else every row but those that refused it to the version that answered. */
function consentSql({ consent }: Definition): string {
  return consent === undefined ? "coalesce(consent, true)" : "coalesce(consent, false)";
}

/** The declared columns and the key's, but the label: features as they were served, the others from what was kept beside them, as text. */
function rowColumns({ definition, source, logged }: LabelledRows): { readonly name: string; readonly sql: string }[] {
  return columnNames(definition, source).map((name) => ({ name, sql: valueSql(definition, logged, name) }));
}

function columnNames(definition: Definition, { key }: PredictionsSource): string[] {
  const names = new Set([...preparedColumns(definition).map(({ name }) => name), ...[key].flat()]);
  return [...names].filter((name) => name !== definition.label.column && !isRowFact(name));
}

function valueSql({ columns }: Definition, logged: ReadonlySet<string>, name: string): string {
  const column = columns[name];
  if (column?.feature !== true) return extraSql(name);
  return logged.has(`in_${name}`) ? `${servedValue({ name, column })}::${duckdbType(column)}` : `null::${duckdbType(column)}`;
}

const extraSql = (name: string): string => `json_extract_string(extras, ${quote(`$."${name}"`)})`;

function sharedSql({ definition, logged }: LabelledRows, name: string): string {
  if (Object.hasOwn(askedFacts, name)) return id(name);
  const column = definition.columns[name];
  const value = valueSql(definition, logged, name);
  if (column?.feature === true && !logged.has(`in_${name}`)) throw new RelearnError("DataRefused", `labels are found by ${name}, and the prediction log has no such column`);
  return column?.feature === true && column.type === "number" ? numberText(value) : value;
}

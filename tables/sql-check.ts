import { RelearnError } from "../schemas/failures.ts";

type Node = Readonly<Record<string, unknown>>;

const repeatable = "the same rows must always give the same answer";

/** Functions whose answer depends on anything but the rows: what DuckDB itself calls volatile or fixed for one query only, and a few it does not. */
const unrepeatable = new Set([
  "random", "setseed", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "reservoir_quantile", "nextval", "currval",
  "now", "ago", "today", "get_current_timestamp", "current_timestamp", "transaction_timestamp", "get_current_time", "current_date", "current_time",
  "localtime", "localtimestamp", "current_localtime", "current_localtimestamp", "pg_postmaster_start_time", "pg_conf_load_time",
  "txid_current", "current_query", "current_query_id", "current_transaction_id", "current_connection_id", "current_user", "current_database", "current_schema",
  "current_schemas", "in_search_path", "current_setting", "getenv", "getvariable", "version", "stats", "write_log", "sleep_ms", "error",
]);

const tableFunctions = new Set(["range", "generate_series", "unnest"]);

/**
 * What is wrong with people's SQL as a query over `tables`, or null: it must be one SELECT over those tables, its own
 * common table expressions and plain table functions. Works on what `json_serialize_sql` gives.
 */
export function selectProblem(serialized: string, tables: readonly string[]): string | null {
  const tree = oneStatement(serialized);
  if (typeof tree === "string") return tree;
  const known = new Set(tables.map((table) => table.toLowerCase()));
  const nodes = [...walk(tree)];
  for (const node of nodes) for (const name of commonTables(node)) known.add(name.toLowerCase());
  return nodes.map((node) => relationProblem(node, known) ?? functionProblem(node)).find((problem) => problem !== null) ?? null;
}

/** What is wrong with people's SQL as one expression over a row (or, with `aggregate`, over a group of rows), or null. */
export function expressionProblem(serialized: string): string | null {
  const tree = oneStatement(serialized);
  if (typeof tree === "string") return tree;
  const select = tree["node"] as Node;
  if (select["type"] !== "SELECT_NODE" || !isBareSelect(select)) return "it must be one expression, without FROM, WHERE, GROUP BY, ORDER BY, LIMIT, WITH or UNION";
  if ((select["select_list"] as unknown[]).length !== 1) return "it must be one expression, without a comma outside brackets";
  const nodes = [...walk(tree)];
  for (const [kind, word] of refusedInExpressions) if (nodes.some((node) => node["class"] === kind)) return `it must not use ${word}`;
  if (nodes.some((node) => node["class"] === "FUNCTION" && node["function_name"] === "unnest")) return "it must give one value a row, so unnest cannot be used";
  return nodes.map(functionProblem).find((problem) => problem !== null) ?? null;
}

const refusedInExpressions = [["SUBQUERY", "a sub-query"], ["WINDOW", "a window function"], ["STAR", "* or COLUMNS"], ["PARAMETER", "a parameter ($1, ?)"]] as const;

function isBareSelect(select: Node): boolean {
  const empty = (key: string) => (select[key] as unknown[] | undefined ?? []).length === 0;
  const absent = (key: string) => select[key] === null || select[key] === undefined;
  const ctes = (select["cte_map"] as { map: unknown[] }).map;
  return (select["from_table"] as Node)["type"] === "EMPTY" && ["where_clause", "having", "qualify", "sample"].every(absent) && ["group_expressions", "group_sets", "modifiers"].every(empty) && ctes.length === 0 && select["aggregate_handling"] === "STANDARD_HANDLING";
}

function oneStatement(serialized: string): Node | string {
  const parsed = JSON.parse(serialized) as { error: boolean; error_message?: string; statements?: Node[] };
  if (parsed.error) return parsed.error_message?.startsWith("Only SELECT") === true ? "only SELECT is allowed" : (parsed.error_message ?? "it does not parse");
  if (parsed.statements?.length !== 1) return `it must be one statement, but holds ${parsed.statements?.length ?? 0}`;
  return parsed.statements[0]!;
}

function* walk(value: unknown): Generator<Node> {
  if (value === null || typeof value !== "object") return;
  if (!Array.isArray(value)) yield value as Node;
  for (const child of Array.isArray(value) ? value : Object.values(value)) yield* walk(child);
}

function commonTables(node: Node): string[] {
  const map = (node["cte_map"] as { map?: { key: string }[] } | undefined)?.map ?? [];
  return map.map((entry) => entry.key);
}

function relationProblem(node: Node, known: ReadonlySet<string>): string | null {
  if (node["type"] === "SHOW_REF") return "only SELECT is allowed";
  if (node["class"] === "PARAMETER") return "it must not use a parameter ($1, ?)";
  if (node["type"] === "BASE_TABLE") return tableProblem(node, known);
  if (node["type"] !== "TABLE_FUNCTION") return null;
  const name = String((node["function"] as Node)["function_name"]);
  return tableFunctions.has(name.toLowerCase()) ? null : `it must not read from ${name}(...)`;
}

function tableProblem(node: Node, known: ReadonlySet<string>): string | null {
  const name = String(node["table_name"]);
  const qualified = node["schema_name"] !== "" || node["catalog_name"] !== "";
  return !qualified && known.has(name.toLowerCase()) ? null : `there is no table ${JSON.stringify(name)}; there are: ${[...known].join(", ")}`;
}

function functionProblem(node: Node): string | null {
  if (node["sample"] !== null && node["sample"] !== undefined) return `it must not sample rows: ${repeatable}`;
  const name = calledName(node)?.toLowerCase();
  if (name === "age" && (node["children"] as unknown[] | undefined)?.length === 1) return `it must not use age of one time, which counts until today: ${repeatable}`;
  return name !== undefined && unrepeatable.has(name) ? `it must not use ${name}: ${repeatable}` : null;
}

function calledName(node: Node): string | undefined {
  if (node["class"] === "FUNCTION") return String(node["function_name"]);
  const names = node["class"] === "COLUMN_REF" ? (node["column_names"] as string[]) : [];
  return names.length === 1 && keywords.has(names[0]!.toLowerCase()) ? names[0] : undefined;
}

/** Written without brackets these parse as columns. */
const keywords = new Set(["current_timestamp", "current_date", "current_time", "localtime", "localtimestamp", "current_user", "current_schema", "current_database"]);

/** What a metric must do. */
export const oneNumber = "it must give one number over all rows: an aggregate such as avg(...)";

/** @throws RelearnError `InvalidSql` naming what the SQL is (`rule "x"`) and what is wrong. */
export function refuseSql(title: string, problem: string): never {
  throw new RelearnError("InvalidSql", `${title}: ${problem}`);
}

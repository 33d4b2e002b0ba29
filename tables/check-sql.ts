import type { DuckDBConnection } from "@duckdb/node-api";
import { quote } from "./quote.ts";
import { expressionProblem, refuseSql, selectProblem } from "./sql-check.ts";

export interface SqlToCheck {
  /** What it is, for messages: `rule "a flight goes somewhere"`. */
  readonly title: string;
  readonly kind: "select" | "expression";
  readonly sql: string;
  /** What a SELECT may read. */
  readonly tables: readonly string[];
}

/** Parses people's SQL, without running it. @throws RelearnError `InvalidSql` for anything but one repeatable SELECT or expression. */
export async function checkSql(connection: DuckDBConnection, { title, kind, sql, tables }: SqlToCheck): Promise<void> {
  const text = kind === "select" ? `${sql}\n` : `select ${sql}\n`;
  const [[tree]] = (await connection.runAndReadAll(`select json_serialize_sql(${quote(text)})`)).getRows() as [[unknown]];
  const problem = kind === "select" ? selectProblem(String(tree), tables) : expressionProblem(String(tree));
  if (problem !== null) refuseSql(title, problem);
}

import type { Definition } from "../schemas/definition.ts";
import { RelearnError } from "../schemas/failures.ts";
import { duckdbType } from "./column-sql.ts";
import { prepareTables } from "./prepare.ts";
import { preparedColumns } from "./prepared-columns.ts";
import { id } from "./quote.ts";
import { oneNumber } from "./sql-check.ts";
import { openSandbox } from "./sql-child.ts";
import type { Sandbox } from "./sql-child.ts";

/**
 * Tries every piece of SQL in a definition without data: it must parse, stay inside the sandbox, and rules and slices must be
 * true or false of a prepared row.
 * @param scratch an empty folder.
 * @throws RelearnError `InvalidSql` naming the rule, slice, metric or `prepare`.
 */
export async function checkDefinitionSql(definition: Definition, scratch: string, signal?: AbortSignal): Promise<void> {
  const { prepare, rules, slices, metrics } = definition;
  const names = preparedColumns(definition).map(({ name }) => name.toLowerCase());
  // DuckDB takes Far and far for one column, and says so better than we could.
  const nothingToTry = prepare === undefined && [rules, slices, metrics].every((written) => Object.keys(written).length === 0) && new Set(names).size === names.length;
  if (nothingToTry) return;
  const sandbox = await openSandbox({ scratch, timezone: definition.timezone, memoryMegabytes: 256, threads: 1, signal });
  try {
    if (prepare !== undefined) await sandbox.checkSelect("prepare", prepare, prepareTables(definition));
    const columns = preparedColumns(definition).map(({ name, column }) => `${id(name)} ${duckdbType(column)}`);
    await sandbox.run("columns", `create table prepared_row (${columns.join(", ")})`);
    await sandbox.run("columns", "create view row_alone as select * from prepared_row");
    for (const [name, sql] of Object.entries(rules)) await checkCondition(sandbox, `rule ${JSON.stringify(name)}`, sql);
    for (const [name, sql] of Object.entries(slices)) await checkCondition(sandbox, `slice ${JSON.stringify(name)}`, sql);
    await sandbox.run("columns", `create view scored_row as select *, 0.5::double as ${definition.label.task === "regression" ? "value" : "score"} from prepared_row`);
    for (const [name, { sql }] of Object.entries(metrics)) await checkMetric(sandbox, `metric ${JSON.stringify(name)}`, sql);
  } finally {
    await sandbox.close();
  }
}

/** Over no rows an aggregate still gives one, and what is none gives nothing. */
async function checkMetric(sandbox: Sandbox, title: string, sql: string): Promise<void> {
  await sandbox.checkExpression(title, sql);
  const rows = await sandbox.run(title, `select (${sql}\n)::double as v from scored_row`);
  if (rows.length !== 1) throw new RelearnError("InvalidSql", `${title}: ${oneNumber}`);
}

async function checkCondition(sandbox: Sandbox, title: string, sql: string): Promise<void> {
  await sandbox.checkExpression(title, sql);
  const [bound] = await sandbox.bind(title, `select (${sql}\n) as v from prepared_row`);
  // A WHERE has no aggregates and a view no rowid: what a row is told by must be the row's own.
  await sandbox.bind(title, `select 1 from row_alone where (${sql}\n)`);
  if (bound?.type !== "BOOLEAN") throw new RelearnError("InvalidSql", `${title}: it must be true or false of a row, but gives ${bound?.type ?? "nothing"}: ${sql}`);
}

import { join } from "node:path";
import { hidden } from "./column-sql.ts";
import type { Contract } from "./contract.ts";
import { parquetOptions } from "./partition-rows.ts";
import { id, quote } from "./quote.ts";
import { type Check, columnChecks, keyHashSql } from "./row-checks.ts";
import type { Sandbox } from "./sql-child.ts";

/** A prepared partition to judge. `file` lies in the sandbox's scratch folder. */
export interface AcceptTask {
  readonly name: string;
  readonly file: string;
  /** Leave out rows whose key is in a golden set: for partitions that will be trained on. */
  readonly withhold: boolean;
}

export interface Reason {
  readonly rule: string;
  readonly column: string;
  readonly rows: number;
  readonly example: string | null;
}

/** What became of a partition's rows: `rows` + `reserved` + `withheld` + `quarantined` are all of them. Files lie in the scratch folder. */
export interface AcceptedRows {
  readonly name: string;
  readonly file: string;
  readonly rows: number;
  readonly reserved: { readonly file: string; readonly rows: number } | null;
  readonly withheld: number;
  readonly quarantined: { readonly file: string; readonly rows: number } | null;
  readonly reasons: readonly Reason[];
  /** Accepted rows, reserved ones included, by label, ascending; null for a regression. */
  readonly labels: readonly (readonly [string, number])[] | null;
}

const reasonType = `STRUCT("rule" VARCHAR, "column" VARCHAR, "value" VARCHAR)[]`;

/**
 * Sorts the rows of prepared partitions into accepted and quarantined ones, by the contract and people's rules. The same
 * rows give the same bytes, whatever their order and the number of threads. A rule refuses a row where it is false; null
 * passes, as in an SQL CHECK.
 * @param goldenFiles accepted golden sets in the scratch folder; tasks that withhold leave their keys out.
 * @throws RelearnError `InvalidSql` for a rule that does not parse, reaches outside its row or fails on one.
 */
export async function acceptRows(sandbox: Sandbox, scratch: string, contract: Contract, tasks: readonly AcceptTask[], goldenFiles: readonly string[]): Promise<AcceptedRows[]> {
  if (tasks.length === 0) return [];
  await readPrepared(sandbox, scratch, tasks);
  await judgeRows(sandbox, contract, await ruleChecks(sandbox, contract));
  await setApart(sandbox, scratch, contract, tasks, goldenFiles);
  const counts = { fates: await countRows(sandbox), reasons: await countReasons(sandbox), labels: await countLabels(sandbox, contract) };
  const results: AcceptedRows[] = [];
  for (const [i, task] of tasks.entries()) results.push(await writePartition(sandbox, scratch, contract, task, i + 1, counts));
  return results;
}

interface Counts {
  readonly fates: ReadonlyMap<number, Readonly<Record<string, number>>>;
  readonly reasons: ReadonlyMap<number, readonly Reason[]>;
  readonly labels: ReadonlyMap<number, readonly (readonly [string, number])[]> | null;
}

/** `__p` is the number of a row's task, from 1; `__n` the row's own. */
async function readPrepared(sandbox: Sandbox, scratch: string, tasks: readonly AcceptTask[]): Promise<void> {
  const files = tasks.map((task) => quote(join(scratch, task.file))).join(", ");
  const task = `list_position([${tasks.map(({ file }) => quote(file)).join(", ")}], parse_filename(__path))::int`;
  await sandbox.run("reading the prepared rows", `create or replace temp table prepared as select * exclude (__path), ${task} as __p, row_number() over () as __n from read_parquet([${files}], filename = '__path')`);
}

async function ruleChecks(sandbox: Sandbox, contract: Contract): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [rule, sql] of Object.entries(contract.rules)) {
    const title = `rule ${JSON.stringify(rule)}`;
    await sandbox.checkExpression(title, sql);
    await sandbox.bind(title, `select (${sql}\n)::boolean from prepared`);
    checks.push({ rule, column: "", when: `(${sql}\n)::boolean is false`, value: "null" });
  }
  return checks;
}

/** Leaves table `bad`: number and reasons of each row that is refused. Each rule runs by itself, so that its failure names it. */
async function judgeRows(sandbox: Sandbox, contract: Contract, rules: readonly Check[]): Promise<void> {
  const checks = columnChecks(contract);
  const unreadable = `list_transform(${hidden.bad}, lambda __x: {'rule': 'type', 'column': __x."column", 'value': __x."value"})`;
  // What could not be read is null by now, and is no missing value.
  const known = `list_contains(list_transform(${hidden.bad}, lambda __y: __y."column"), __x."column")`;
  const broken = `list_filter([${checks.map((check) => `case when ${check.when} then ${reason(check)} end`).join(", ")}], lambda __x: __x is not null and not (__x."rule" in ('null', 'label') and coalesce(${known}, false)))`;
  const any = [`len(${hidden.bad}) > 0`, ...checks.map((check) => `coalesce(${check.when}, false)`)].join(" or ");
  await sandbox.run("checking values", `create or replace temp table why as select __n, 0 as turn, list_concat(${unreadable}, ${broken})::${reasonType} as why from prepared where ${any}`);
  for (const [i, check] of rules.entries()) {
    await sandbox.run(`rule ${JSON.stringify(check.rule)}`, `insert into why select __n, ${i + 1}, [${reason(check)}]::${reasonType} from prepared where ${check.when}`);
  }
  await sandbox.run("checking values", "create or replace temp table bad as select __n, flatten(list(why order by turn)) as why from why group by __n");
}

function reason({ rule, column, value }: Check): string {
  return `{'rule': ${quote(rule)}, 'column': ${quote(column)}, 'value': left((${value})::varchar, 200)}`;
}

/** A row's fate: `accepted`, `reserved`, `withheld` or `quarantined`. */
async function setApart(sandbox: Sandbox, scratch: string, contract: Contract, tasks: readonly AcceptTask[], goldenFiles: readonly string[]): Promise<void> {
  const hash = keyHashSql(contract, "t");
  const golden = goldenFiles.length === 0 ? "select null::varchar as h limit 0" : `select distinct ${keyHashSql(contract, "g")} as h from read_parquet([${goldenFiles.map((file) => quote(join(scratch, file))).join(", ")}]) g`;
  await sandbox.run("reading golden keys", `create or replace temp table golden as ${golden}`);
  const withholding = tasks.flatMap((task, i) => (task.withhold ? [i + 1] : []));
  const cases = ["when bad.__n is not null then 'quarantined'"];
  if (goldenFiles.length > 0 && withholding.length > 0) cases.push(`when t.__p in (${withholding.join(", ")}) and ${hash} in (select h from golden) then 'withheld'`);
  if (contract.reserve > 0) cases.push(`when ('0x' || left(${hash}, 8))::bigint % 10000 < ${Math.round(contract.reserve * 100)} then 'reserved'`);
  await sandbox.run("setting rows apart", `create or replace temp table fate as select t.*, case ${cases.join(" ")} else 'accepted' end as __fate from prepared t left join bad on bad.__n = t.__n`);
}

async function countRows(sandbox: Sandbox): Promise<Map<number, Record<string, number>>> {
  const counts = new Map<number, Record<string, number>>();
  for (const row of await sandbox.run("counting rows", "select __p, __fate, count(*) as n from fate group by all")) {
    const of = counts.get(Number(row["__p"])) ?? {};
    counts.set(Number(row["__p"]), { ...of, [String(row["__fate"])]: Number(row["n"]) });
  }
  return counts;
}

async function countReasons(sandbox: Sandbox): Promise<Map<number, Reason[]>> {
  const sql = `select __p, w."rule" as "rule", w."column" as "column", count(*) as n, min(w."value") as example from (select f.__p, unnest(b.why) as w from bad b join fate f using (__n)) group by all order by n desc, 2, 3`;
  const reasons = new Map<number, Reason[]>();
  for (const row of await sandbox.run("counting rows", sql)) {
    const list = reasons.get(Number(row["__p"])) ?? [];
    reasons.set(Number(row["__p"]), list);
    list.push({ rule: String(row["rule"]), column: String(row["column"]), rows: Number(row["n"]), example: (row["example"] as string | null) ?? null });
  }
  return reasons;
}

async function countLabels(sandbox: Sandbox, contract: Contract): Promise<Counts["labels"]> {
  if (contract.label.task === "regression") return null;
  const labels = new Map<number, [string, number][]>();
  const sql = `select __p, ${id(contract.label.column)}::varchar as label, count(*) as n from fate where __fate in ('accepted', 'reserved') group by all order by label`;
  for (const row of await sandbox.run("counting labels", sql)) {
    const list = labels.get(Number(row["__p"])) ?? [];
    labels.set(Number(row["__p"]), list);
    list.push([String(row["label"]), Number(row["n"])]);
  }
  return labels;
}

async function writePartition(sandbox: Sandbox, scratch: string, contract: Contract, task: AcceptTask, p: number, counts: Counts): Promise<AcceptedRows> {
  const columns = contract.columns.map(({ name }) => id(name)).join(", ");
  const fates = counts.fates.get(p) ?? {};
  const copy = (sql: string, to: string) => `copy (${sql}) to ${quote(join(scratch, to))} ${parquetOptions}`;
  const rows = (fate: string) => `select ${columns} from fate where __p = ${p} and __fate = '${fate}' order by all`;
  const file = (fate: string) => ((fates[fate] ?? 0) > 0 ? { file: `${fate}-${task.file}`, rows: fates[fate] as number } : null);
  const [reserved, quarantined] = [file("reserved"), file("quarantined")];
  const copies = [copy(rows("accepted"), `accepted-${task.file}`)];
  if (reserved !== null) copies.push(copy(rows("reserved"), reserved.file));
  if (quarantined !== null) copies.push(copy(quarantineSql(contract, task.name, p), quarantined.file));
  await sandbox.run(`writing partition ${task.name}`, copies);
  return {
    name: task.name, file: `accepted-${task.file}`, rows: fates["accepted"] ?? 0, reserved, withheld: fates["withheld"] ?? 0, quarantined,
    reasons: counts.reasons.get(p) ?? [], labels: counts.labels === null ? null : (counts.labels.get(p) ?? []),
  };
}

/** One line a row: its first reason, all of them, where it came from, and its values as JSON. */
function quarantineSql(contract: Contract, name: string, p: number): string {
  const values = contract.columns.map(({ name: column }) => `${quote(column)}: r.${id(column)}`).join(", ");
  return `select ${quote(name)} as "partition", r.${hidden.file} as file, r.${hidden.row} as "row", b.why[1]."rule" as "rule", b.why[1]."column" as "column", b.why[1]."value" as "value",
    b.why as reasons, to_json({${values}})::varchar as content from bad b join prepared r using (__n) where r.__p = ${p} order by file, "row", content, reasons`;
}

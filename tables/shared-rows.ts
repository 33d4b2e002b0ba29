import type { DuckDBConnection } from "@duckdb/node-api";
import type { Contract } from "./contract.ts";
import { parquetFiles } from "./open-duckdb.ts";
import { overlapHashSql } from "./row-checks.ts";

/** How many rows of `holdout` also lie in `train`: by key, or, where there is none, as rows alike in all but their time. */
export async function countShared(connection: DuckDBConnection, contract: Contract, holdout: readonly string[], train: readonly string[]): Promise<number> {
  if (holdout.length === 0 || train.length === 0) return 0;
  const hash = overlapHashSql(contract, "x");
  const sql = `select count(*)::double from (select ${hash} as h from ${parquetFiles(holdout)} x) where h in (select ${hash} from ${parquetFiles(train)} x)`;
  const [row] = (await connection.runAndReadAll(sql)).getRows();
  return Number(row?.[0] ?? 0);
}

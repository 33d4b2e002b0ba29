import { join } from "node:path";
import type { Contract } from "../../tables/contract.ts";
import { withDuckDb } from "../../tables/open-duckdb.ts";
import { countShared } from "../../tables/shared-rows.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Judged } from "./accept-partitions.ts";
import { localBlobs } from "./local-blobs.ts";

export interface Overlap {
  readonly shared: number;
  readonly holdout: number;
  /** Share that two windows apart have in common anyhow; null with a key, where none is right. */
  readonly usual: number | null;
}

/** Rows that the holdout shares with training. Without a key, the last training days against those before say what is usual. */
export async function countOverlap(deps: Dependencies, contract: Contract, partitions: readonly Judged[], signal: AbortSignal): Promise<Overlap> {
  const filled = partitions.filter(({ acceptance }) => acceptance.rows > 0);
  const [train, holdout] = (["train", "holdout"] as const).map((role) => filled.filter((partition) => partition.role === role)) as [Judged[], Judged[]];
  const rows = (list: readonly Judged[]) => list.reduce((sum, { acceptance }) => sum + acceptance.rows, 0);
  const files = async (list: readonly Judged[]) => localBlobs(deps, list.map(({ acceptance }) => acceptance.blob), signal);
  const [trainFiles, holdoutFiles] = [await files(train), await files(holdout)];
  return withDuckDb({ spill: join(deps.scratch, "spill"), timezone: contract.timezone, signal }, async (connection) => {
    const shared = await countShared(connection, contract, holdoutFiles, trainFiles);
    if (contract.key.length > 0 || shared === 0) return { shared, holdout: rows(holdout), usual: contract.key.length > 0 ? null : 0 };
    const cut = Math.max(1, trainFiles.length - Math.max(1, holdoutFiles.length));
    const usual = await countShared(connection, contract, trainFiles.slice(cut), trainFiles.slice(0, cut));
    return { shared, holdout: rows(holdout), usual: usual / Math.max(1, rows(train.slice(cut))) };
  });
}

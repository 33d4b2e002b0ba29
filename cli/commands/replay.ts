import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { counted } from "../../policy/counted.ts";
import { readPast } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { findPrediction, modelOf } from "../support/find-prediction.ts";
import { shortTime } from "../support/format.ts";
import { replayPrediction, type Replay } from "../support/replay-prediction.ts";
import { withStore } from "../support/store.ts";
import { zoneOf } from "../support/zone-of.ts";

/** Asks the stored model of a prediction the same again. Exit code 1 where an answer is another, or none could be compared. */
export async function replay(cli: Cli, id: string, options: { readonly at?: string }): Promise<number> {
  return withStore(await cli.settings(), async (store) => {
    const folder = await mkdtemp(join(tmpdir(), "relearn-replay-"));
    try {
      const model = await modelOf(store, id);
      const at = options.at === undefined ? null : readPast("--at", options.at, await zoneOf(store, model));
      const results = [];
      for (const found of await findPrediction(store, folder, model, id, at)) results.push({ found, result: await replayPrediction(store, folder, id, found) });
      const lines = results.map(({ found: { contract, variant, rows }, result }) => `  version ${contract.v} (${variant}, ${contract.digest.slice(0, 12)}), ${counted(rows, "row")}: ${said(result)}`);
      const first = results[0]!.found;
      cli.give({ prediction_id: id, model, at: new Date(first.at).toISOString(), replays: results.map(({ found: { contract, variant, rows, error }, result }) => ({ v: contract.v, digest: contract.digest, variant, rows, error, ...result })) },
        [`${id}: ${model}, ${shortTime(new Date(first.at).toISOString())}`, ...lines].join("\n"));
      return results.some(({ result }) => result.same === true) && !results.some(({ result }) => result.same === false) ? 0 : 1;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

function said({ same, largest, why }: Replay): string {
  if (why !== null) return `cannot be told: ${why}`;
  const difference = largest === 0 ? "to the last bit" : `largest difference ${largest.toExponential(1)}`;
  return same ? `the same answer (${difference})` : `ANOTHER answer (${difference})`;
}

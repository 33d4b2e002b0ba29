import { openRegistry } from "../../stores/registry.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { listModels } from "../../stores/runs.ts";
import type { Cli } from "../support/cli.ts";
import { shortTime } from "../support/format.ts";
import { withStore } from "../support/store.ts";
import { renderTable } from "../support/table.ts";

interface ModelLine {
  readonly model: string;
  readonly champion: number | null;
  readonly digest: string | null;
  readonly versions: number;
  readonly entries: number;
  readonly changedAt: string;
}

/** Lists models and what serves: one read a model, for the newest entry of a log says it all. */
export async function models(cli: Cli): Promise<void> {
  const lines = await withStore(await cli.settings(), async (store) => {
    const names = await listModels(store);
    return (await inParallel(names, 16, (name) => lineOf(store, name))).filter((line) => line !== null);
  });
  cli.give(lines, lines.length === 0 ? "no models yet; `relearn run <definition>` makes one" : tableOf(lines, cli.width));
}

async function lineOf(store: ObjectStore, model: string): Promise<ModelLine | null> {
  const tip = await openRegistry(store, model).log.tip();
  if (tip === null) return null;
  const { state, versions, n, at } = tip.entry;
  return { model, champion: state.champion?.v ?? null, digest: state.champion?.model.sha256 ?? null, versions, entries: n, changedAt: at };
}

const tableOf = (lines: readonly ModelLine[], width: number): string => renderTable([
  { title: "MODEL", cell: (line) => line.model, shrinks: true },
  { title: "CHAMPION", cell: (line) => (line.champion === null ? "none" : `v${line.champion}`) },
  { title: "DIGEST", cell: (line) => line.digest?.slice(0, 12) ?? "-" },
  { title: "VERSIONS", cell: (line) => String(line.versions), right: true },
  { title: "CHANGED", cell: (line) => shortTime(line.changedAt) },
], lines, width);

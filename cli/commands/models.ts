import type { Replica } from "../../schemas/replica.ts";
import { openRegistry } from "../../stores/registry.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { listReplicas } from "../../stores/replicas.ts";
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
  /** Versions that servers answer with now, each with how many do. */
  readonly served: readonly { readonly v: number; readonly replicas: number }[];
  /** Servers on which a version is pinned. */
  readonly pinned: number;
}

/** Lists models and what serves: the newest entry of a log says what should, and each server what it does. */
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
  const replicas = await listReplicas(store, model, Date.now());
  return { served: servedBy(replicas), pinned: replicas.filter(({ pinned }) => pinned !== null).length, model, champion: state.champion?.v ?? null, digest: state.champion?.model.sha256 ?? null, versions, entries: n, changedAt: at };
}

function servedBy(replicas: readonly Replica[]): ModelLine["served"] {
  const versions = [...new Set(replicas.flatMap(({ champion }) => (champion === null ? [] : [champion.v])))].sort((a, b) => b - a);
  return versions.map((v) => ({ v, replicas: replicas.filter(({ champion }) => champion?.v === v).length }));
}

const servedText = ({ served, pinned }: ModelLine): string => (served.length === 0 ? "no server" : `${served.map(({ v, replicas }) => `v${v} by ${replicas}`).join(", ")}${pinned === 0 ? "" : ` (pinned: ${pinned})`}`);

const tableOf = (lines: readonly ModelLine[], width: number): string => renderTable([
  { title: "MODEL", cell: (line) => line.model, shrinks: true },
  { title: "CHAMPION", cell: (line) => (line.champion === null ? "none" : `v${line.champion}`) },
  { title: "DIGEST", cell: (line) => line.digest?.slice(0, 12) ?? "-" },
  { title: "VERSIONS", cell: (line) => String(line.versions), right: true },
  { title: "SERVED", cell: servedText },
  { title: "CHANGED", cell: (line) => shortTime(line.changedAt) },
], lines, width);

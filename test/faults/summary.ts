import { readFileSync, readdirSync } from "node:fs";
import { openRegistry } from "../../stores/registry.ts";
import { shapeOf } from "./fault-points.ts";
import { type Case, newest } from "./supervisor.ts";

/** What the stores hold at the end, without times and ids: the same however often the worker died. */
export async function summaryOf(one: Case): Promise<unknown> {
  const keys: string[] = [];
  const partitions: string[] = [];
  for (const prefix of ["accepted", "causes", "datasets", "jobs", "models", "prepared", "quarantine", "runs", "sketches", "sources"]) {
    for await (const { key } of one.store.list(`${prefix}/`)) if (key.includes(one.name)) keys.push(shapeOf(key));
  }
  const log = [];
  for await (const { entry } of openRegistry(one.store, one.name).history()) log.unshift({ n: entry.n, ...plain(entry.operation), champion: entry.state.champion?.v ?? null, versions: entry.versions });
  const record = await newest(one.store, one.name);
  for await (const { key } of one.store.list(`datasets/${one.name}/snapshots/`)) {
    const { partitions: found } = JSON.parse(new TextDecoder().decode((await one.store.get(key))?.body)) as { partitions: { name: string; role: string; rows: number; blob: { sha256: string } }[] };
    partitions.push(...found.map(({ name, role, rows, blob }) => `${name} ${role} ${rows} ${blob.sha256}`));
  }
  return {
    keys: [...new Set(keys)].sort().map((shape) => `${shape} x${keys.filter((key) => key === shape).length}`), partitions, log,
    run: record && { state: record.state, stage: record.stage, rows: record.rows, v: record.v, gates: record.gates.map(({ gate, answer }) => `${gate}: ${answer}`) },
    trainings: one.trainings(),
  };
}

function plain(operation: { readonly kind: string; readonly v: number }): Record<string, unknown> {
  return { kind: operation.kind, v: operation.v, ...("decision" in operation ? { decision: operation.decision } : {}) };
}

/** Processes that still carry this case's folder in their environment or command line; the supervisor's own are gone by now. */
export function orphans({ folder }: Case): string[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(folder) || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
    } catch {
      return false;
    }
  });
}

import { count, counted } from "../../../policy/counted.ts";
import { RelearnError } from "../../../schemas/failures.ts";
import type { WindowReport } from "../../../schemas/window-report.ts";
import { watchedVersions } from "../../../stores/base-windows.ts";
import type { ObjectStore } from "../../../stores/object-store.ts";
import { inParallel } from "../../../stores/parallel.ts";
import { lastWindowReports } from "../../../stores/window-reports.ts";
import { readInstant, readModel } from "../../support/arguments.ts";
import type { Cli } from "../../support/cli.ts";
import { shortTime } from "../../support/format.ts";
import { knownModel } from "../../support/known-model.ts";
import { withStore } from "../../support/store.ts";
import { zoneOf } from "../../support/zone-of.ts";
import { metricsText } from "../../support/window-text.ts";

/** Every figure of one window: the last one, or the one in which a time lies; of each version that was asked then, or of one. */
export async function show(cli: Cli, given: string, options: { readonly window?: string }): Promise<void> {
  const { model, version } = readModel(given);
  const { at, reports } = await withStore(await cli.settings(), async (store) => {
    const champion = (await (await knownModel(store, model)).champion())?.v;
    const at = options.window === undefined ? null : readInstant(options.window, await zoneOf(store, model));
    return { at, reports: await windowOf(store, model, version === "champion" ? (champion ?? null) : version, at) };
  });
  if (reports.length === 0) throw new RelearnError("NotFound", at === null ? `no window of ${given} is over yet; \`relearn monitor status ${model}\` says how its watching stands` : `no window of ${given} holds ${shortTime(at)}; \`relearn monitor status ${model} --limit 1000\` lists them`);
  cli.give(reports, reports.map((report) => textOf(cli, report)).join("\n\n"));
  cli.say(cli.style.dim(`next: relearn monitor set ${model} psi above=0.3 --reason "why"`));
}

async function windowOf(store: ObjectStore, model: string, version: number | null, at: string | null): Promise<readonly WindowReport[]> {
  const versions = version === null ? await watchedVersions(store, model) : [version];
  const last = await inParallel(versions, 8, async (v) => (await lastWindowReports(store, { model, v }, 1, at === null ? undefined : new Date(Date.parse(at) + 1).toISOString())).at(-1));
  const found = last.filter((one) => one !== undefined).filter(({ window }) => at === null || Date.parse(window.to) > Date.parse(at));
  const newest = Math.max(...found.map(({ window }) => Date.parse(window.from)));
  return found.filter(({ window }) => Date.parse(window.from) === newest);
}

function textOf({ style, width }: Cli, report: WindowReport): string {
  const { v, window, over, rows, revision, labels } = report;
  const restated = revision === 1 ? "" : `, restated ${counted(revision - 1, "time")} because rows or labels came late`;
  const labelled = labels === null ? [] : [`labels: ${count(labels.labelled)} of ${counted(labels.rows, "row")}`];
  return [
    style.bold(`version ${v}, ${shortTime(window.from)} to ${shortTime(window.to)}: ${counted(rows.base, "row")}`),
    `distances and quality over ${shortTime(over.from)} to ${shortTime(over.to)}: ${counted(rows.over, "row")}${restated}`, ...labelled, "", metricsText(report, width),
  ].join("\n");
}

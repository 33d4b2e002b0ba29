import type { MonitoringStatus } from "../../../workflows/messages.ts";
import { readName } from "../../support/arguments.ts";
import type { Cli } from "../../support/cli.ts";
import { shortTime } from "../../support/format.ts";
import { askMonitoring, monitoringLine, servingManifest } from "../../support/monitoring.ts";
import { withStore } from "../../support/store.ts";
import { plain } from "../../support/style.ts";
import { withTemporal } from "../../support/temporal.ts";

/** Looks now which windows are over, and waits until all of them are told of. */
export async function check(cli: Cli, given: string): Promise<void> {
  const pipeline = readName(given, "pipeline");
  const settings = await cli.settings();
  const { definition } = await withStore(settings, (store) => servingManifest(store, pipeline));
  const found = await withTemporal(settings, (access) => askMonitoring<MonitoringStatus>(access, pipeline, definition, "check", null));
  const until = found.cursor === null ? "no window is over yet" : `told of until ${shortTime(found.cursor)}`;
  cli.give(found, `${pipeline}: ${until}${found.problem === null ? "" : `\nproblem: ${plain(found.problem)}`}`);
  cli.say(cli.style.dim(`same as: ${monitoringLine(settings.temporal, pipeline, "check", null)}\nnext:    relearn monitor status ${pipeline}`));
}

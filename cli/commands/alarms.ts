import { type Alarm, type AlarmDecision, type AlarmRef, remedy } from "../../schemas/alarm.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { listAlarms, listDecisions, putDecision } from "../../stores/alarms.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { listModels } from "../../stores/runs.ts";
import { taskQueue } from "../../workers/connect.ts";
import { readLimit, readName, readText } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { shortTime } from "../support/format.ts";
import { personOf } from "../support/person.ts";
import { retrainingId, statusOrNull } from "../support/start-run.ts";
import { withStore } from "../support/store.ts";
import { plain } from "../support/style.ts";
import { renderTable } from "../support/table.ts";
import { inTime, type TemporalAccess, withTemporal } from "../support/temporal.ts";

interface Line { readonly alarm: Alarm; readonly decisions: readonly AlarmDecision[] }

/** Lists alarms, newest first by event time, each with what was decided. */
export async function list(cli: Cli, pipeline: string | undefined, options: { readonly limit: string }): Promise<void> {
  const limit = readLimit(options.limit);
  const name = pipeline === undefined ? null : readName(pipeline, "pipeline");
  const settings = await cli.settings();
  const lines = await withStore(settings, async (store) => {
    const alarms = await newestAlarms(store, name === null ? await listModels(store) : [name], limit);
    return inParallel(alarms, 8, async (alarm): Promise<Line> => ({ alarm, decisions: await listDecisions(store, alarm.model, alarm.id) }));
  });
  cli.give(lines, lines.length === 0 ? "no alarms" : tableOf(cli, lines));
  if (lines.length > 0) cli.say(cli.style.dim(`\nwhat speaks for one: relearn alarms show ${lines[0]!.alarm.id.slice(0, 12)}`));
}

async function newestAlarms(store: ObjectStore, models: readonly string[], limit: number): Promise<Alarm[]> {
  const found = await inParallel(models, 4, async (model) => {
    const alarms: Alarm[] = [];
    for await (const alarm of listAlarms(store, model)) if (alarms.push(alarm) >= limit) break;
    return alarms;
  });
  return found.flat().sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, limit);
}

const tableOf = ({ width, style }: Cli, lines: readonly Line[]): string => renderTable<Line>([
  { title: "ALARM", cell: ({ alarm }) => alarm.id.slice(0, 12) },
  { title: "AT", cell: ({ alarm }) => shortTime(alarm.at) },
  { title: "PIPELINE", cell: ({ alarm }) => alarm.pipeline },
  { title: "KIND", cell: ({ alarm: { kind, shape } }) => (shape === null ? kind : `${kind}, ${shape}`) },
  { title: "DECIDED", cell: ({ decisions }) => (decisions.length === 0 ? style.yellow("open") : decisions.at(-1)!.decision) },
  { title: "WHAT", cell: ({ alarm }) => plain(alarm.message), wraps: true },
], lines, width);

/** One alarm with its evidence and what was decided. */
export async function show(cli: Cli, given: string): Promise<void> {
  const settings = await cli.settings();
  const { alarm, decisions } = await withStore(settings, async (store) => {
    const found = await findAlarm(store, given);
    return { alarm: found, decisions: await listDecisions(store, found.model, found.id) };
  });
  cli.give({ alarm, decisions }, [headOf(cli, alarm), evidenceOf(cli, alarm), ...decisions.map(decisionText)].filter((text) => text !== "").join("\n\n"));
  cli.say(cli.style.dim(`\nnext: relearn alarms decide ${alarm.id.slice(0, 12)} retrain|roll-back|fix-data|ignore --reason TEXT`));
}

function headOf({ style }: Cli, { id, pipeline, v, kind, shape, began, at, window, message, proposal, source }: Alarm): string {
  const facts = [`alarm ${id}`, `${pipeline}${v === null ? "" : ` version ${v}`}, ${kind}${shape === null ? "" : `, ${shape}`}${began === null ? "" : `, began ${shortTime(began)}`}`,
    `at ${shortTime(at)}${window === null ? "" : `, window ${shortTime(window.from)} to ${shortTime(window.to)}`}${source === null ? "" : `, from ${plain(source)}`}`, `it asks for: ${proposal}`];
  return `${style.bold(plain(message))}\n${facts.join("\n")}`;
}

function evidenceOf({ width }: Cli, { evidence }: Alarm): string {
  if (evidence.length === 0) return "";
  const figure = (value: number | null): string => (value === null ? "-" : Number(value.toPrecision(4)).toString());
  return renderTable<Alarm["evidence"][number]>([
    { title: "METRIC", cell: ({ metric }) => plain(metric) },
    { title: "OF", cell: ({ subject }) => plain(subject ?? "the model") },
    { title: "OBSERVED", cell: ({ observed }) => figure(observed), right: true },
    { title: "LIMIT", cell: ({ limit }) => figure(limit), right: true },
    { title: "REFERENCE", cell: ({ reference }) => figure(reference), right: true },
    { title: "P", cell: ({ p }) => figure(p), right: true },
    { title: "ROWS", cell: ({ rows }) => String(rows), right: true },
  ], evidence, width);
}

const decisionText = ({ decision, by, reason, at, run }: AlarmDecision): string => `${shortTime(at)}: ${decision}, by ${plain(by)}: ${plain(reason)}${run === null ? "" : `; relearn watch ${run}`}`;

/**
 * Records what a person decides about an alarm, over what was decided before. It starts nothing: `relearn retraining trigger` does. `fix-data` also
 * lets what nobody asked for wait until the data is mended; any other decision ends that wait, where this alarm was the reason.
 */
export async function decide(cli: Cli, given: string, wanted: string, options: { readonly reason: string; readonly by?: string }): Promise<void> {
  const read = remedy.safeParse(wanted);
  if (!read.success) throw new RelearnError("Usage", `${JSON.stringify(wanted.slice(0, 40))} is no decision: there are ${remedy.options.join(", ")}`);
  const decision = read.data;
  const [by, reason] = [`${await personOf(options.by)} (claimed)`, readText("--reason", options.reason, 4_000)];
  const settings = await cli.settings();
  const alarm = await withStore(settings, async (store) => {
    const found = await findAlarm(store, given);
    await putDecision(store, found.model, { version: 1, alarm: found.id, decision, by, reason, at: new Date().toISOString(), run: null });
    return found;
  });
  await withTemporal(settings, (access) => (decision === "fix-data" ? block(access, alarm) : lift(access, alarm, by)));
  cli.give({ alarm: alarm.id, decision, by, reason }, `alarm ${alarm.id.slice(0, 12)} of ${alarm.pipeline}: ${decision}`);
  cli.say(cli.style.dim(`next: ${nextOf(alarm, decision)}`));
}

async function block(access: TemporalAccess, { pipeline, id, kind, message }: Alarm): Promise<void> {
  const told: AlarmRef = { id, kind, proposal: "fix-data", message };
  await inTime(access, `block of ${retrainingId(pipeline)}`, () => access.client.workflow.signalWithStart("retraining", { workflowId: retrainingId(pipeline), taskQueue, args: [{ pipeline }], signal: "block", signalArgs: [told] }));
}

async function lift(access: TemporalAccess, { pipeline, id }: Alarm, by: string): Promise<void> {
  const standing = await statusOrNull(access, pipeline);
  if (standing?.blocked?.id === id) await inTime(access, `unblock of ${retrainingId(pipeline)}`, () => access.client.workflow.getHandle(retrainingId(pipeline)).signal("unblock", { by }));
}

function nextOf({ pipeline, id }: Alarm, decision: AlarmDecision["decision"]): string {
  if (decision === "retrain") return `relearn retraining trigger ${pipeline}`;
  if (decision === "roll-back") return `relearn rollback ${pipeline} --reason "alarm ${id.slice(0, 12)}"`;
  return decision === "fix-data" ? `relearn retraining unblock ${pipeline}, once its data is mended` : `relearn alarms ${pipeline}`;
}

async function findAlarm(store: ObjectStore, given: string): Promise<Alarm> {
  if (!/^[0-9a-f]{8,64}$/.test(given)) throw new RelearnError("Usage", `${JSON.stringify(given.slice(0, 80))} is no alarm: give 8 or more hex digits of its id, as \`relearn alarms\` lists them`);
  for (const model of await listModels(store)) for await (const alarm of listAlarms(store, model)) if (alarm.id.startsWith(given)) return alarm;
  throw new RelearnError("NotFound", `there is no alarm ${given}; \`relearn alarms\` lists them`);
}

import type { ScheduleHandle } from "@temporalio/client";
import { counted } from "../../policy/counted.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { Settings } from "../../schemas/settings.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import { inParallel } from "../../stores/parallel.ts";
import { readInstant, readName, readPast, readText } from "../support/arguments.ts";
import type { Cli } from "../support/cli.ts";
import { loadDefinition } from "../support/definition.ts";
import { shortTime } from "../support/format.ts";
import { notAmong } from "../support/known-model.ts";
import { createLine, justBefore, matchingTimes, scheduleId, scheduleOptions, scheduleSuffix } from "../support/schedule.ts";
import { withStore } from "../support/store.ts";
import { renderTable } from "../support/table.ts";
import { inTime, withTemporal, type TemporalAccess } from "../support/temporal.ts";

interface Range {
  readonly from: string;
  readonly to: string;
  readonly yes?: boolean;
}

/** Creates a pipeline's schedule, or brings an existing one up to date with the definition; a paused one stays paused. */
export async function create(cli: Cli, file: string): Promise<void> {
  const settings = await cli.settings();
  const definition = await loadDefinition(file);
  scheduleOptions(definition, { sha256: "", bytes: 0 });
  const ref = await withStore(settings, (store) => putJsonBlob(store, definition));
  const options = scheduleOptions(definition, ref);
  const [status, next] = await withTemporal(settings, async (access) => {
    const made = await inTime(access, `the start of ${options.scheduleId}`, () => createOrUpdate(access, options));
    return [made, await nextTimes(access.client.schedule.getHandle(options.scheduleId))] as const;
  });
  const temporal = createLine(settings, definition, ref);
  cli.give({ schedule: options.scheduleId, status, cron: definition.retrain.schedule, timezone: definition.timezone, next, temporal },
    `${options.scheduleId} was ${status}: ${definition.retrain.schedule} in ${definition.timezone}, next ${next.slice(0, 3).map(shortTime).join(", ")}`);
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn schedule backfill ${definition.name} --from TIME --to TIME`));
}

async function createOrUpdate({ client }: TemporalAccess, options: ReturnType<typeof scheduleOptions>): Promise<"created" | "updated"> {
  try {
    await client.schedule.create(options);
    return "created";
  } catch (error) {
    if ((error as Error).name !== "ScheduleAlreadyRunning") throw error;
    const { spec, action, policies } = options;
    await client.schedule.getHandle(options.scheduleId).update(({ state }) => ({ spec, action: action as never, policies, state }));
    return "updated";
  }
}

const nextTimes = async (handle: ScheduleHandle): Promise<string[]> => (await handle.describe()).info.nextActionTimes.map((time) => time.toISOString());

interface ScheduleLine {
  readonly pipeline: string;
  readonly paused: boolean;
  readonly next: string | null;
  readonly last: string | null;
}

export async function list(cli: Cli): Promise<void> {
  const lines = await withTemporal(await cli.settings(), (access) => listSchedules(access));
  cli.give(lines, lines.length === 0 ? "no schedules yet; `relearn schedule create <definition>` makes one" : renderTable<ScheduleLine>([
    { title: "PIPELINE", cell: (line) => line.pipeline },
    { title: "STATE", cell: (line) => (line.paused ? cli.style.yellow("paused") : "active") },
    { title: "NEXT", cell: (line) => (line.next === null ? "-" : shortTime(line.next)) },
    { title: "LAST", cell: (line) => (line.last === null ? "-" : shortTime(line.last)) },
  ], lines, cli.width));
}

/** The server's list is a moment behind, so each schedule is asked itself. */
async function listSchedules(access: TemporalAccess): Promise<ScheduleLine[]> {
  const ids: string[] = [];
  for await (const { scheduleId: id } of access.client.schedule.list()) if (id.endsWith(scheduleSuffix)) ids.push(id);
  const lines = await inParallel(ids.sort(), 8, async (id) => lineOf(access.client.schedule.getHandle(id)).catch(() => null));
  return lines.filter((line) => line !== null);
}

async function lineOf(handle: ScheduleHandle): Promise<ScheduleLine> {
  const { state, info } = await handle.describe();
  return { pipeline: handle.scheduleId.slice(0, -scheduleSuffix.length), paused: state.paused, next: info.nextActionTimes[0]?.toISOString() ?? null, last: info.recentActions.at(-1)?.scheduledAt.toISOString() ?? null };
}

export const pause = (cli: Cli, pipeline: string, options: { readonly reason?: string }): Promise<void> => {
  const reason = options.reason === undefined ? "paused by relearn" : readText("--reason", options.reason, 200);
  return act(cli, pipeline, "is paused", "resume", ["schedule", "toggle"], { pause: true, reason }, (handle) => handle.pause(reason));
};

export const resume = (cli: Cli, pipeline: string, options: { readonly reason?: string }): Promise<void> => {
  const reason = options.reason === undefined ? "resumed by relearn" : readText("--reason", options.reason, 200);
  return act(cli, pipeline, "goes on", "list", ["schedule", "toggle"], { unpause: true, reason }, (handle) => handle.unpause(reason));
};

export const trigger = (cli: Cli, pipeline: string): Promise<void> =>
  act(cli, pipeline, "was triggered", "list", ["schedule", "trigger"], { "overlap-policy": "BufferAll" }, (handle) => handle.trigger("BUFFER_ALL"));

export const remove = (cli: Cli, pipeline: string): Promise<void> => act(cli, pipeline, "was deleted", "list", ["schedule", "delete"], {}, (handle) => handle.delete());

async function act(cli: Cli, given: string, done: string, next: string, words: string[], flags: Record<string, string | boolean>, work: (handle: ScheduleHandle) => Promise<void>): Promise<void> {
  const pipeline = readName(given, "pipeline");
  const settings = await cli.settings();
  await withTemporal(settings, (access) => known(access, pipeline, () => work(access.client.schedule.getHandle(scheduleId(pipeline)))));
  const temporal = temporalLine(settings.temporal, words, { "schedule-id": scheduleId(pipeline), ...flags });
  cli.give({ schedule: scheduleId(pipeline), temporal }, `${scheduleId(pipeline)} ${done}`);
  const hint = next === "resume" ? `relearn schedule resume ${pipeline}` : words[1] === "trigger" ? `relearn runs ${pipeline}` : "relearn schedule list";
  cli.say(cli.style.dim(`same as: ${temporal}\nnext:    ${hint}`));
}

/** When it would start runs, or would have: the future is what it is asked about most. */
export async function preview(cli: Cli, given: string, { from = new Date().toISOString(), to }: Partial<Range>): Promise<void> {
  const pipeline = readName(given, "pipeline");
  const settings = await cli.settings();
  const times = await withTemporal(settings, async (access) => {
    if (to === undefined) return firstTimes(access, settings, pipeline, from);
    return (await timesIn(access, settings, pipeline, { from, to }, anyTime)).times;
  });
  cli.give(times, times.length === 0 ? "no time of the schedule lies there" : times.map(shortTime).join("\n"));
}

/** Starts the runs of a time that has passed, oldest first, after a person has seen which. The same time twice is one run. */
export async function backfill(cli: Cli, given: string, range: Range): Promise<void> {
  const pipeline = readName(given, "pipeline");
  const settings = await cli.settings();
  await withTemporal(settings, async (access) => {
    const { from, to, times } = await timesIn(access, settings, pipeline, range, readPast);
    if (times.length === 0) return cli.give({ schedule: scheduleId(pipeline), times, temporal: null }, "no time of the schedule lies there: nothing to do");
    cli.say(`${counted(times.length, "time")}:\n${times.slice(0, 50).map((time) => `  ${shortTime(time)}`).join("\n")}${times.length > 50 ? `\n  and ${times.length - 50} more` : ""}`);
    await agreed(cli, range, times.length);
    const start = justBefore(from);
    await inTime(access, `the backfill of ${pipeline}`, () => access.client.schedule.getHandle(scheduleId(pipeline)).backfill({ start, end: new Date(to), overlap: "BUFFER_ALL" }));
    const temporal = temporalLine(settings.temporal, ["schedule", "backfill"], { "schedule-id": scheduleId(pipeline), "start-time": start.toISOString(), "end-time": to, "overlap-policy": "BufferAll" });
    cli.give({ schedule: scheduleId(pipeline), times, temporal }, `${counted(times.length, "trigger was", "triggers were")} sent; what comes while a run goes on is folded into the next one`);
    cli.say(cli.style.dim(`same as: ${temporal}\nnext:    relearn runs ${pipeline}`));
  });
}

async function agreed(cli: Cli, { yes }: Range, runs: number): Promise<void> {
  if (yes === true) return;
  if (!cli.interactive) throw new RelearnError("Usage", "a backfill is asked about first: look at the times with `relearn schedule preview`, then give --yes");
  if (!(await cli.confirm(`send ${counted(runs, "trigger")}?`))) throw new RelearnError("NotApproved", "nothing was sent");
}

const nextShown = 5;
const spansInDays = [1, 10, 100, 1_000, 10_000];

/** The first times from a moment on. Nobody knows how often they come, so ever longer spans are asked for. */
async function firstTimes(access: TemporalAccess, settings: Settings, pipeline: string, from: string): Promise<string[]> {
  let found: string[] = [];
  for (const days of spansInDays) {
    const to = (timezone?: string): string => new Date(Date.parse(readInstant(from, timezone)) + days * 86_400_000).toISOString();
    const read: ReadTime = (option, text, timezone) => (option === "--to" ? to(timezone) : readInstant(text, timezone));
    found = (await timesIn(access, settings, pipeline, { from, to: from }, read)).times;
    if (found.length >= nextShown) break;
  }
  return found.slice(0, nextShown);
}

type ReadTime = (option: string, text: string, timezone?: string) => string;
const anyTime: ReadTime = (_, text, timezone) => readInstant(text, timezone);

async function timesIn(access: TemporalAccess, { temporal }: Settings, pipeline: string, range: Range, read: ReadTime): Promise<{ from: string; to: string; times: string[] }> {
  return known(access, pipeline, async () => {
    const { spec } = await access.client.schedule.getHandle(scheduleId(pipeline)).describe();
    const [from, to] = [read("--from", range.from, spec.timezone), read("--to", range.to, spec.timezone)];
    if (from > to) throw new RelearnError("Usage", `--from ${range.from} lies after --to ${range.to}`);
    return { from, to, times: await matchingTimes(access, temporal.namespace, pipeline, from, to) };
  });
}

/** An unknown schedule is answered with those that exist. */
async function known<T>(access: TemporalAccess, pipeline: string, work: () => Promise<T>): Promise<T> {
  try {
    return await inTime(access, `the schedule of ${pipeline}`, work);
  } catch (error) {
    if ((error as Error).name !== "ScheduleNotFoundError" && (error as { code?: number }).code !== 5) throw error;
    throw notAmong("schedule of pipeline", pipeline, (await listSchedules(access)).map((line) => line.pipeline), "`relearn schedule create <definition>` makes one");
  }
}

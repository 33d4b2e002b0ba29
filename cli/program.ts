import { Command, Option } from "commander";
import { withParent } from "../schemas/parent-watch.ts";
import type { Surroundings } from "./support/cli.ts";
import { bind, type Handler, type Outcome } from "./support/command.ts";
import { commandWords, typeable } from "./support/typeable.ts";

const examples = `
Examples:
  $ relearn up --detach                      start Temporal, S3, a worker and a server on this machine
  $ relearn run examples/flights/pipeline.ts
  $ relearn approve latest --digest 3f0c9a1b2c4d
  $ relearn show flights@champion
  $ relearn rollback flights --reason "late flights missed"

Exit codes: 0 ok, 1 error, 2 usage, 3 gate failed or data refused, 4 not approved, 5 Temporal or S3 cannot be reached,
130 left by Ctrl-C (a run that was followed goes on).`;

/** Runs one command line. @returns the exit code; nothing is thrown. */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const outcome: Outcome = { surroundings, exitCode: 0 };
  const json = args.includes("--json");
  try {
    const program = build(outcome, json);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: "user" });
    return outcome.exitCode;
  } catch (error) {
    return fail(error, json, surroundings);
  }
}

async function fail(error: unknown, json: boolean, { env, stderr }: Surroundings): Promise<number> {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  const isUsage = (error as Error).name === "CommanderError";
  if (isUsage && exitCode === 0) return 0;
  const [{ presentFailure }, { plainLines }] = await Promise.all([import("./support/present-failure.ts"), import("./support/style.ts")]);
  const { type, message, exitCode: presented } = presentFailure(error);
  if (json) stderr.write(`${JSON.stringify({ error: { type, message: message.replace(/^error: /, "") } })}\n`);
  else if (!isUsage) stderr.write(`error: ${typeable(plainLines(message), commandWords(env["PATH"] ?? ""))}\n`);
  if (type === "Error" && env["RELEARN_DEBUG"]) stderr.write(`${(error as Error).stack}\n`);
  return isUsage && code !== undefined ? 2 : presented;
}

function build(outcome: Outcome, json: boolean): Command {
  const program = new Command("relearn");
  program.description("Continuous training that keeps a deployed model good.").addHelpText("after", examples);
  program.exitOverride().showHelpAfterError("(relearn --help lists the commands)").enablePositionalOptions();
  const { env, stdout, stderr } = outcome.surroundings;
  const here = (text: string): string => typeable(text, commandWords(env["PATH"] ?? ""));
  program.configureOutput({ writeOut: (text) => void stdout.write(here(text)), writeErr: (text) => void (json || stderr.write(here(text))) });
  addStackCommands(program, outcome);
  addRunCommands(program, outcome);
  addModelCommands(program, outcome);
  addRollout(program, outcome);
  addMonitor(program, outcome);
  addSchedule(program, outcome);
  addRetraining(program, outcome);
  addAlarms(program, outcome);
  addToken(program, outcome);
  addDefinition(program, outcome);
  bind(program.command("version").description("what is installed"), outcome, async () => (await import("./commands/version.ts")).version as Handler);
  program.commands.forEach((command) => inherit(command, program));
  return program;
}

/** Subcommands do not inherit these by themselves. A line that cannot be read is explained by the command it was for. */
function inherit(command: Command, parent: Command, at = "relearn"): void {
  const line = `${at} ${command.name()}`;
  command.copyInheritedSettings(parent).showHelpAfterError(`(${line} --help says what it takes)`);
  command.commands.forEach((child) => inherit(child, command, line));
}

function addStackCommands(program: Command, outcome: Outcome): void {
  bind(program.command("up").description("start Temporal, S3, a worker, a server and a gateway on this machine, and return when all answer")
    .option("-d, --detach", "leave them running in the background"), outcome, async () => (await import("./commands/up.ts")).up as Handler);
  bind(program.command("down").description("stop what `relearn up` started, and only that"), outcome, async () => (await import("./commands/down.ts")).down as Handler);
  bind(program.command("serve").description("serve what is promoted, until it is stopped; needs S3, no Temporal").option("--host <address>", "listen there (default: 127.0.0.1; beyond this machine it wants RELEARN_TOKENS_FILE)")
    .option("--port <port>", "0: any that is free (default: 8080)").option("--models <names>", "with commas between them (default: every model that has a log)"), outcome, async () => (await import("./commands/serve.ts")).serve as Handler);
  bind(program.command("gateway").description("take alarms from Alertmanager, Grafana, CloudEvents and Standard Webhooks, until it is stopped").option("--host <address>", "listen there (default: 127.0.0.1; beyond this machine it wants RELEARN_WEBHOOK_TOKENS_FILE)")
    .option("--port <port>", "0: any that is free (default: 8090)").addOption(new Option(withParent, "end with the process that started it").hideHelp()), outcome, async () => (await import("./commands/gateway.ts")).gateway as Handler);
  bind(program.command("doctor").description("check everything Relearn needs, and say what to do about what is missing"), outcome, async () => (await import("./commands/doctor.ts")).doctor as Handler);
}

function addRunCommands(program: Command, outcome: Outcome): void {
  const run = "the run: its whole id, its 12 hex digits, a pipeline's name for its newest run, or `latest`";
  bind(program.command("run").description("run a pipeline: from closed windows of data to a model that waits for approval").argument("<definition>", "a .ts, .json, .yaml or .yml file")
    .option("--as-of <time>", "windows end before this time, such as 2013-03-01T08:00:00Z or 2013-03-01 in the pipeline's time zone; none in the future (default: now)")
    .option("--key <key>", "names the occasion: the same key starts at most one run, for ever")
    .option("--by <name>", "who asks (default: git's user.name)")
    .option("-d, --detach", "start it and return at once")
    .option("--wait", "wait for the approval also without a terminal"), outcome, async () => (await import("./commands/run.ts")).run as Handler);
  bind(program.command("runs").description("list runs, newest first").argument("[pipeline]").option("-n, --limit <count>", "at most so many", "20"), outcome, async () => (await import("./commands/runs.ts")).runs as Handler);
  bind(program.command("watch").description("follow a run, or a batch, to its end").argument("<run>", `${run}; or a batch: its whole id, such as flights/score/2013-04`)
    .option("--wait", "wait for the approval also without a terminal").option("--no-wait", "end at the approval also on a terminal, and where data is missing"), outcome, async () => (await import("./commands/watch.ts")).watch as Handler);
  for (const decision of ["approve", "reject"] as const) {
    bind(program.command(decision).description(decision === "approve" ? "say yes to what a run shows" : "say no to what a run shows").argument("<run>", run)
      .option("--digest <hex>", "what you answer: 12 or more hex digits of the digest shown").option("--by <name>", "who answers (default: git's user.name)").option("--comment <text>", "kept with the answer"),
    outcome, async () => (await import("./commands/answer.ts"))[decision] as Handler);
  }
  bind(program.command("cancel").description("stop a run, and its training job; or a batch").argument("<run>", `${run}; or a batch: its whole id`), outcome, async () => (await import("./commands/cancel.ts")).cancel as Handler);
}

function addModelCommands(program: Command, outcome: Outcome): void {
  bind(program.command("promote").description("serve a version that has an approval against today's champion; else evaluate it again and ask").argument("<model>").argument("<version>")
    .option("--as-of <time>", "where it is evaluated again: as of when (default: as of the newest run whose data was accepted)").option("--reason <text>", "kept in the log").option("--by <name>", "who asks (default: git's user.name)"), outcome, async () => (await import("./commands/promote.ts")).promote as Handler);
  bind(program.command("rollback").description("serve the champion before this one again").argument("<model>").option("--to <version>", "a version that was champion before")
    .option("--reason <text>", "kept in the log").option("--by <name>", "who asks (default: git's user.name)")
    .option("--local", "pin that version on this host at once, also where nothing else can be reached, until the log decides anew"), outcome, async () => (await import("./commands/rollback.ts")).rollback as Handler);
  bind(program.command("score").description("score a data set by a version of a model: file by file, from S3 to S3, each row once").argument("<model[@version]>", "flights, flights@3; without a version the one that serves")
    .requiredOption("--from <uri>", "s3:// address or folder: a prefix of files, or with {yyyy} {MM} {dd} {HH} a file a span").requiredOption("--to <uri>", "s3:// folder of its own, for the predictions")
    .option("--format <format>", "parquet, csv or jsonl (default: parquet)").option("--delimiter <character>", "between the fields of a CSV (default: a comma)")
    .option("--keep <columns>", "what goes with the predictions: extras, the columns that are no feature; all; none; or names with commas (default: extras)")
    .option("--on-bad-row <what>", "fail, or skip: leave out rows that the model cannot be given, counted and listed below _quarantine/ (default: fail)")
    .option("--parallel <count>", "slices of files at a time (default: 2)").option("--id <id>", "names the batch: with the same one it goes on where it was")
    .option("-d, --detach", "start it and return at once"), outcome, async () => (await import("./commands/score.ts")).score as Handler);
  bind(program.command("models").description("list models and what serves"), outcome, async () => (await import("./commands/models.ts")).models as Handler);
  bind(program.command("show").description("a model or one of its versions").argument("<model[@version]>", "flights, flights@3, flights@champion").option("--at <time>", "what served then, and who allowed it"), outcome, async () => (await import("./commands/show.ts")).show as Handler);
  bind(program.command("history").description("a model's log, newest first").argument("<model>").option("-n, --limit <count>", "at most so many", "50"), outcome, async () => (await import("./commands/history.ts")).history as Handler);
  bind(program.command("verify").description("check every digest, signature and link of the log").argument("[model]")
    .option("--trust <key...>", "public keys (SPKI DER in base64) whose signatures count, beside this installation's own"), outcome, async () => (await import("./commands/verify.ts")).verify as Handler);
  bind(program.command("replay").description("ask the stored model of a prediction the same again, and say whether the answer is the same").argument("<prediction id>", "as the answer carried it")
    .option("--at <time>", "its event time, where the caller gave one"), outcome, async () => (await import("./commands/replay.ts")).replay as Handler);
}

function addRollout(program: Command, outcome: Outcome): void {
  const rollout = program.command("rollout").description("look at a version that is taking over, and steer it");
  const by = (command: Command) => command.option("--by <name>", "who asks (default: git's user.name)");
  const load = (name: "status" | "pause" | "resume" | "abort" | "advance" | "set") => async () => (await import("./commands/rollout.ts"))[name] as Handler;
  bind(rollout.command("status").description("what takes over, how far it is, and by which evidence").argument("<model>"), outcome, load("status"));
  const steer = (name: "pause" | "resume" | "abort" | "advance", description: string) => bind(by(rollout.command(name).description(description).argument("<model>")).option("--reason <text>", "kept in the log"), outcome, load(name));
  steer("pause", "take no further step until it is resumed; what is worse still goes back");
  steer("resume", "go on");
  steer("abort", "send it back: the champion keeps all traffic, or gets it again right after a promotion");
  steer("advance", "take the next step now, whatever the evidence says so far");
  bind(by(rollout.command("set").description("give the new version this percent of the traffic").argument("<model>").argument("<share>", "percent")), outcome, load("set"));
}

function addMonitor(program: Command, outcome: Outcome): void {
  const monitor = program.command("monitor").description("what a model is asked and answers, window by window, and when it alarms");
  bind(monitor.command("status").description("the last windows, what alarmed, and how the watching stands").argument("<pipeline>").option("-n, --limit <count>", "at most so many windows", "14"), outcome, async () => (await import("./commands/monitor/status.ts")).status as Handler);
  bind(monitor.command("show").description("every figure of one window").argument("<pipeline[@version]>", "flights, flights@3, flights@champion").option("--window <time>", "a time in it (default: the last one)"), outcome, async () => (await import("./commands/monitor/show.ts")).show as Handler);
  bind(monitor.command("check").description("look now which windows are over, and wait until they are told of").argument("<pipeline>"), outcome, async () => (await import("./commands/monitor/check.ts")).check as Handler);
  bind(monitor.command("set").description("change when a metric alarms; the change is kept on the record").argument("<pipeline>").argument("<metric>", "such as psi, or psi distance for one column")
    .argument("<threshold...>", "above=NUMBER, below=NUMBER or both, auto, off, or definition: again as it has it").option("--reason <text>", "kept with the change").option("--by <name>", "who asks (default: git's user.name)"), outcome, async () => (await import("./commands/monitor/set.ts")).set as Handler);
}

function addSchedule(program: Command, outcome: Outcome): void {
  const schedule = program.command("schedule").description("run a pipeline by the clock, on a Temporal Schedule");
  const some = (command: Command) => command.option("--from <time>", "first moment (default: now)").option("--to <time>", "last moment (default: that of the next 5 times)");
  const range = (command: Command) => command.requiredOption("--from <time>", "first moment").requiredOption("--to <time>", "last moment");
  const load = (name: "create" | "pause" | "resume" | "trigger" | "backfill" | "preview" | "remove" | "list") => async () => (await import("./commands/schedule.ts"))[name] as Handler;
  bind(schedule.command("create").description("create or update a pipeline's schedule from its definition").argument("<definition>"), outcome, load("create"));
  bind(schedule.command("list").description("list schedules"), outcome, load("list"));
  bind(schedule.command("pause").description("start no runs until it is resumed").argument("<pipeline>").option("--reason <text>"), outcome, load("pause"));
  bind(schedule.command("resume").description("go on").argument("<pipeline>").option("--reason <text>"), outcome, load("resume"));
  bind(schedule.command("trigger").description("as if its time had come now").argument("<pipeline>"), outcome, load("trigger"));
  bind(some(schedule.command("preview").description("when it would start runs").argument("<pipeline>")), outcome, load("preview"));
  bind(range(schedule.command("backfill").description("start the runs of a time that has passed").argument("<pipeline>").option("-y, --yes", "do not ask")), outcome, load("backfill"));
  bind(schedule.command("delete").description("remove the schedule; runs go on").argument("<pipeline>"), outcome, load("remove"));
}

function addRetraining(program: Command, outcome: Outcome): void {
  const retraining = program.command("retraining").description("what starts a pipeline's runs, and steering it");
  const by = (command: Command) => command.option("--by <name>", "who asks (default: git's user.name)");
  const load = (name: "status" | "pause" | "resume" | "unblock" | "trigger" | "set" | "define") => async () => (await import("./commands/retraining.ts"))[name] as Handler;
  bind(retraining.command("status").description("what runs, what waits and why, and what was decided about alarms").argument("<pipeline>"), outcome, load("status"));
  bind(retraining.command("pause").description("start no further run until it is resumed").argument("<pipeline>"), outcome, load("pause"));
  bind(retraining.command("resume").description("go on").argument("<pipeline>"), outcome, load("resume"));
  bind(by(retraining.command("unblock").description("its data is mended: what waited for that is judged again").argument("<pipeline>")), outcome, load("unblock"));
  bind(by(retraining.command("trigger").description("start a run of the definition in force now, whatever cooldown and budgets say").argument("<pipeline>")
    .option("--as-of <time>", "windows end before this time; none in the future (default: now)")), outcome, load("trigger"));
  bind(by(retraining.command("set").description("change settings of the definition's retrain while it runs").argument("<pipeline>").argument("<settings...>", "cooldown=P3D maxPerMonth=4 gpuHoursPerMonth=20 mode=manual onDrift=false onData=true; =default for what the definition says"))
    .option("--reason <text>", "kept on the record"), outcome, load("set"));
  bind(by(retraining.command("define").description("bring a changed definition: it starts a run, once").argument("<definition>")), outcome, load("define"));
}

function addAlarms(program: Command, outcome: Outcome): void {
  const alarms = program.command("alarms").description("what alarmed, and what was decided");
  const load = (name: "list" | "show" | "decide") => async () => (await import("./commands/alarms.ts"))[name] as Handler;
  bind(alarms.command("list", { isDefault: true }).description("list alarms, newest first").argument("[pipeline]").option("-n, --limit <count>", "at most so many", "20"), outcome, load("list"));
  bind(alarms.command("show").description("an alarm with its evidence").argument("<alarm>", "8 or more hex digits of its id"), outcome, load("show"));
  bind(alarms.command("decide").description("record what is to be done about an alarm, over what was decided before").argument("<alarm>").argument("<decision>", "retrain, roll-back, fix-data or ignore")
    .requiredOption("--reason <text>", "kept on the record").option("--by <name>", "who decides (default: git's user.name)"), outcome, load("decide"));
}

function addToken(program: Command, outcome: Outcome): void {
  const token = program.command("token").description("say who may ask a server beyond this machine, in the file RELEARN_TOKENS_FILE");
  const load = (name: "create" | "list" | "revoke") => async () => (await import("./commands/token.ts"))[name] as Handler;
  bind(token.command("create").description("let a caller in; the token is shown this once").argument("<name>").option("--scopes <scopes>", "predict, feedback, backfill, admin, with commas between them", "predict,feedback")
    .option("--expires <time>", "when it ends, such as 2027-01-01T00:00:00Z (default: never)"), outcome, load("create"));
  bind(token.command("list").description("who is let in"), outcome, load("list"));
  bind(token.command("revoke").description("take tokens back; servers refuse them within a second").argument("<name>", "their name, or the first 12 hex digits of a hash"), outcome, load("revoke"));
}

function addDefinition(program: Command, outcome: Outcome): void {
  const definition = program.command("definition").description("check a pipeline's definition");
  bind(definition.command("check").description("read and check a definition, and its SQL").argument("<file>"), outcome, async () => (await import("./commands/definition.ts")).check as Handler);
  bind(definition.command("schema").description("JSON Schema of a definition, for editors"), outcome, async () => (await import("./commands/definition.ts")).schema as Handler);
}

import type { Command } from "commander";
import type { Cli, Surroundings } from "./cli.ts";

/** A command's work: its arguments as commander gives them, then its options. What it returns is the exit code, 0 if nothing. */
export type Handler = (cli: Cli, ...args: never[]) => Promise<number | void>;

/** One command line on its way: `bind` notes the exit code that `runCli` returns. */
export interface Outcome {
  readonly surroundings: Surroundings;
  exitCode: number;
}

/** Ties a command to a handler whose module is loaded only when the command runs. */
export function bind(command: Command, outcome: Outcome, load: () => Promise<Handler>): Command {
  return command.option("--json", "print JSON, for programs").action(async (...given: unknown[]) => {
    const options = command.optsWithGlobals();
    const args = given.slice(0, -2);
    const [{ makeCli }, handler] = await Promise.all([import("./cli.ts"), load()]);
    const cli = makeCli(options["json"] === true, outcome.surroundings);
    outcome.exitCode = (await handler(cli, ...([...args, options] as never[]))) ?? 0;
  });
}

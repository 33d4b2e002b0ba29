import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { runCli } from "../../cli/program.ts";
import type { Cli, Surroundings } from "../../cli/support/cli.ts";
import { makeStyle } from "../../cli/support/style.ts";
import { commandWords, typeable } from "../../cli/support/typeable.ts";
import { findProgram } from "../../infra/programs.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { loadSettings } from "../../schemas/settings.ts";

/** Where the demo speaks and acts: whatever it does, it shows the line that does it. */
export interface Stage {
  /** Aborted when somebody stops the demo. */
  readonly signal: AbortSignal;
  readonly screen: Pick<Cli, "style" | "width">;
  say(text?: string): void;
  chapter(title: string): void;
  /** Runs a command of Relearn. Exit code 4 says that a run waits for its approval, which is no failure here. */
  relearn(...args: string[]): Promise<void>;
  /** Runs a shell line as it stands, such as one of Temporal's own CLI. */
  line(text: string): Promise<void>;
}

export function openStage(signal: AbortSignal, surroundings: Surroundings): Stage {
  const words = commandWords(process.env["PATH"] ?? "");
  const say = (text = ""): void => void process.stdout.write(`${typeable(text, words)}\n`);
  const isTerminal = process.stdout.isTTY === true;
  return {
    signal, say, screen: { style: makeStyle(isTerminal && !process.env["NO_COLOR"]), width: isTerminal ? process.stdout.columns || 100 : Infinity },
    chapter: (title) => say(`\n── ${title} ${"─".repeat(Math.max(0, 76 - title.length))}\n`),
    relearn: async (...args) => {
      signal.throwIfAborted();
      say(`$ relearn ${args.join(" ")}`);
      const exitCode = await runCli(args, surroundings);
      signal.throwIfAborted();
      if (exitCode !== 0 && exitCode !== 4) throw new RelearnError("Usage", `relearn ${args.join(" ")} ended with exit code ${exitCode}`);
    },
    line: async (text) => {
      signal.throwIfAborted();
      say(`$ ${text}`);
      const code = await inShell(text);
      signal.throwIfAborted();
      if (code !== 0) throw new RelearnError("TemporalUnavailable", `the temporal line ended with exit code ${code}`);
    },
  };
}

async function inShell(text: string): Promise<number | null> {
  const { root } = loadSettings(process.env);
  const folder = dirname(findProgram("temporal", root));
  const child = spawn("sh", ["-c", text], { stdio: "inherit", env: { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` } });
  return new Promise((resolve, reject) => child.once("error", reject).once("exit", resolve));
}

import type { Environment, Settings } from "../../schemas/settings.ts";
import { makeStyle, type Style } from "./style.ts";
import { commandWords, typeable } from "./typeable.ts";

/** What a command may know of its surroundings, and the only way it speaks. */
export interface Cli {
  readonly json: boolean;
  /** Somebody sits there: lines may be redrawn and questions asked. */
  readonly interactive: boolean;
  /** Characters a line may take; Infinity into a pipe. */
  readonly width: number;
  readonly style: Style;
  readonly env: Environment;
  /** Reads the environment anew: `up` changes what it says. */
  settings(): Promise<Settings>;
  /** A line for people; silent with --json. */
  say(line?: string): void;
  /** The result: one JSON document with --json, else text for people. */
  give(value: unknown, text: string): void;
  readonly surroundings: Surroundings;
  /** Redraws in place; only where `interactive`. */
  draw(text: string): void;
  /** Asks a yes-or-no question; only where `interactive`. */
  confirm(question: string): Promise<boolean>;
}

/** Where a command line is read and answered: a process, or a test's stand-in for one. */
export interface Surroundings {
  readonly env: Environment;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream;
  /** Ctrl-C and its kin. */
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
}

export function makeCli(json: boolean, surroundings: Surroundings): Cli {
  const { stdout, stdin, env } = surroundings;
  const terminal = stdout.isTTY === true && env["TERM"] !== "dumb";
  const write = (text: string) => void stdout.write(text);
  const words = commandWords(env["PATH"] ?? "");
  return {
    json,
    env,
    surroundings,
    interactive: terminal && stdin.isTTY === true && !json && !env["CI"],
    width: terminal ? (stdout.columns || 100) : Infinity,
    style: makeStyle(terminal && !env["NO_COLOR"]),
    settings: async () => (await import("../../schemas/settings.ts")).loadSettings(env),
    say: (line = "") => json || write(`${typeable(line, words)}\n`),
    give: (value, text) => write(json ? `${JSON.stringify(value, null, 2)}\n` : text === "" ? "" : `${typeable(text, words)}\n`),
    draw: write,
    confirm: async (question) => {
      const { createInterface } = await import("node:readline/promises");
      const reader = createInterface({ input: stdin, output: stdout });
      try {
        return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
      } finally {
        reader.close();
      }
    },
  };
}

import { EventEmitter } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { runCli } from "../../cli/program.ts";
import type { Environment } from "../../schemas/settings.ts";

export interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** What `--json` printed. */
  json<T>(): T;
}

/** Who sits at the terminal. */
export interface Person {
  types(line: string): void;
  pressesCtrlC(): void;
}

/** Runs one command line as a program that reads its pipes would, in this process. */
export async function relearn(env: Environment, ...args: string[]): Promise<Said> {
  return answered(env, args, new PassThrough(), Readable.from([]));
}

/** As a person at a terminal of 100 columns. @param onText told all that stands on the screen so far */
export async function relearnAtTerminal(env: Environment, args: readonly string[], onText: (text: string, person: Person) => void): Promise<Said> {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 100 });
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const keys = new EventEmitter();
  let text = "";
  stdout.on("data", (chunk: Buffer) => onText((text += chunk.toString()), person));
  const person: Person = { types: (line) => void stdin.write(`${line}\n`), pressesCtrlC: () => void keys.emit("SIGINT") };
  return answered(env, args, stdout, stdin, keys);
}

async function answered(env: Environment, args: readonly string[], stdout: PassThrough, stdin: Readable, keys = new EventEmitter()): Promise<Said> {
  const stderr = new PassThrough();
  const [out, err] = [collect(stdout), collect(stderr)];
  const exitCode = await runCli(args, { env, stdin, stdout, stderr, on: (signal, listener) => keys.on(signal, listener), off: (signal, listener) => keys.off(signal, listener) });
  stdout.end();
  stderr.end();
  const [text, errors] = await Promise.all([out, err]);
  return { exitCode, out: text, err: errors, json: () => JSON.parse(text) };
}

async function collect(stream: PassThrough): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

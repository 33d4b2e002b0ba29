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

/** Runs one command line as a program that reads its pipes would, in this process. */
export async function relearn(env: Environment, ...args: string[]): Promise<Said> {
  return answered(env, args, new PassThrough(), Readable.from([]));
}

/** As a person at a terminal of 100 columns. @param onText told all that stands on the screen so far */
export async function relearnAtTerminal(env: Environment, args: readonly string[], onText: (text: string, type: (line: string) => void) => void): Promise<Said> {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 100 });
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  let text = "";
  stdout.on("data", (chunk: Buffer) => onText((text += chunk.toString()), (line) => stdin.write(`${line}\n`)));
  return answered(env, args, stdout, stdin);
}

async function answered(env: Environment, args: readonly string[], stdout: PassThrough, stdin: Readable): Promise<Said> {
  const stderr = new PassThrough();
  const [out, err] = [collect(stdout), collect(stderr)];
  const exitCode = await runCli(args, { env, stdin, stdout, stderr });
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

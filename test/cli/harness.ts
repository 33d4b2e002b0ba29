import { PassThrough, Readable } from "node:stream";
import { runCli } from "../../cli/program.ts";

export interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
  /** What `--json` printed. */
  json<T>(): T;
}

/** Runs one command line as a program that reads its pipes would, in this process. */
export async function relearn(env: Readonly<Record<string, string | undefined>>, ...args: string[]): Promise<Said> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [out, err] = [collect(stdout), collect(stderr)];
  const exitCode = await runCli(args, { env, stdin: Readable.from([]), stdout, stderr });
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

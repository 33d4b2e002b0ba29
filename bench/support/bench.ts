import { figureOf, type Measured } from "./figure.ts";

export interface Bench {
  /** Hands one figure to whoever started this process, as a line of JSON. */
  report(measured: Measured): void;
  /** A line for people, on stderr. */
  say(line: string): void;
}

/** The body of one benchmark's process: figures go to stdout a line each, everything for people to stderr. */
export async function bench(name: string, body: (bench: Bench) => Promise<void>): Promise<void> {
  try {
    await body({
      report: (measured) => void process.stdout.write(`${JSON.stringify(figureOf(name, measured))}\n`),
      say: (line) => void process.stderr.write(`${name}: ${line}\n`),
    });
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).stack ?? String(error)}\n`);
    process.exitCode = 1;
  }
}

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { Figure } from "./support/figure.ts";
import { renderFigures } from "./support/render.ts";

const usage = "usage: npm run bench -- [NAME ...] [--json]   (NAME: a benchmark of bench/, all without one)";
const known = readdirSync(import.meta.dirname).filter((file) => /^[a-z-]+\.js$/.test(file) && file !== "main.js").map((file) => file.slice(0, -3)).sort();
const machine = { cpu: cpus()[0]?.model ?? "unknown", cpus: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version, platform: `${process.platform}-${process.arch}` };

interface Reported extends Figure {
  readonly machine: typeof machine & { readonly load1: number };
}

/** Each benchmark in a fresh process of its own, one after the other, so that none warms or fills the memory of the next. */
async function main(): Promise<void> {
  const { names, json } = readArguments();
  const reported: Reported[] = [];
  for (const name of names) {
    const load1 = Number((loadavg()[0] ?? 0).toFixed(2));
    const { figures, code } = await runBench(name);
    if (code !== 0) process.exitCode = 1;
    const here = figures.map((figure) => ({ ...figure, machine: { ...machine, load1 } }));
    reported.push(...here);
    if (!json) process.stdout.write(renderFigures(here));
  }
  if (json) process.stdout.write(`${JSON.stringify(reported, null, 2)}\n`);
}

function readArguments(): { readonly names: readonly string[]; readonly json: boolean } {
  try {
    const { values, positionals } = parseArgs({ options: { json: { type: "boolean", default: false } }, allowPositionals: true });
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(", ")}: there are ${known.join(", ")}`);
    return { names: positionals.length === 0 ? known : positionals, json: values.json };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    process.exit(2);
  }
}

async function runBench(name: string): Promise<{ readonly figures: readonly Figure[]; readonly code: number | null }> {
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
  const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.js`)], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const figures: Figure[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const figure = readFigure(line);
    if (figure !== null) figures.push(figure);
  }
  return { figures, code: await ended };
}

function readFigure(line: string): Figure | null {
  try {
    return JSON.parse(line) as Figure;
  } catch {
    process.stderr.write(`${line}\n`);
    return null;
  }
}

await main();

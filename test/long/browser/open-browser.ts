import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { withLock } from "../../../infra/setup/lock.mjs";

/** The part of a Playwright page that is used. */
export interface Page {
  goto(url: string): Promise<unknown>;
  /** Runs text in the page; the value of a promise is awaited. */
  evaluate(script: string): Promise<unknown>;
  textContent(selector: string): Promise<string | null>;
  waitForFunction(script: string): Promise<unknown>;
}

export interface Browser {
  version(): string;
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

const cache = resolve(import.meta.dirname, "../../../.cache");
const lists = ["package.json", "package-lock.json"].map((name) => join(import.meta.dirname, name));

/** A headless Chromium, out of npm packages that are fetched once for a lock file: 82 MB, and 207 MB unpacked for each run. */
export async function openBrowser(): Promise<Browser> {
  const load = createRequire(join(await browserPackages(), "package.json"));
  const { default: packed } = (await import(pathToFileURL(load.resolve("@sparticuz/chromium")).href)) as { default: { executablePath(): Promise<string> } };
  const { chromium } = load("playwright-core") as { chromium: { launch(options: object): Promise<Browser> } };
  // Not the arguments that come with it: they turn off what keeps web sites apart. Root has no sandbox.
  return chromium.launch({ executablePath: await packed.executablePath(), args: ["--no-sandbox", "--no-zygote", "--disable-gpu"], headless: true });
}

async function browserPackages(): Promise<string> {
  const folder = join(cache, `browser-${createHash("sha256").update(readFileSync(lists[1]!)).digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  return withLock(`${folder}.lock`, async () => {
    if (!existsSync(folder)) await install(folder);
    return folder;
  });
}

/** Under another name until it is whole. */
async function install(folder: string): Promise<void> {
  const half = `${folder}.${process.pid}`;
  mkdirSync(half, { recursive: true });
  for (const list of lists) copyFileSync(list, join(half, basename(list)));
  // The packed Chromium asks for Node 22, and works with 20 as well: only a warning.
  const outer = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|command|config_local_prefix)/.test(name)));
  await promisify(execFile)("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", half], { cwd: half, env: outer, timeout: 300_000 });
  renameSync(half, folder);
}

import { readFile, stat } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Document, LineCounter, parseDocument } from "yaml";
import { childEntry } from "../../schemas/child-entry.ts";
import { ChildFailure, spawnChild } from "../../schemas/child.ts";
import { RelearnError } from "../../schemas/failures.ts";

/** What a definition's file says, unchecked. */
export interface DefinitionFile {
  readonly value: unknown;
  /** Line of a field, 1-based; null where the file's kind cannot tell. */
  lineOf(path: readonly PropertyKey[]): number | null;
}

const loadMs = 60_000;
/** With room for comments: what it says may have a quarter of that. */
const mostBytes = 4_000_000;

/** Reads `.ts`, `.mts`, `.js`, `.mjs`, `.json`, `.yaml` or `.yml`. Modules are the author's own code and run in a child process. */
export async function readDefinitionFile(path: string): Promise<DefinitionFile> {
  const bytes = await stat(path).then((info) => (info.isFile() ? info.size : noFile(path)), (error) => unreadable(path, error));
  if (bytes > mostBytes) throw new RelearnError("InvalidDefinition", `${path} has ${bytes} bytes; a definition's file may have at most ${mostBytes}`);
  const text = await readFile(path, "utf8").catch((error) => unreadable(path, error));
  const extension = extname(path).toLowerCase();
  if (/^\.[mc]?[jt]s$/.test(extension)) return { value: await importDefinition(path), lineOf: () => null };
  if (extension === ".json") return readText(path, text, true);
  if (extension === ".yaml" || extension === ".yml") return readText(path, text, false);
  throw new RelearnError("InvalidDefinition", `${path}: a definition is a .ts, .js, .json or .yaml file`);
}

function noFile(path: string): never {
  throw new RelearnError("InvalidDefinition", `${path} is no file`);
}

function unreadable(path: string, error: NodeJS.ErrnoException): never {
  throw new RelearnError("NotFound", `${path} cannot be read: ${error.code === "ENOENT" ? "there is no such file" : error.message}`, { cause: error });
}

/** JSON is YAML too, so one parser tells the lines of both. */
function readText(path: string, text: string, strict: boolean): DefinitionFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problem = document.errors[0];
  if (problem !== undefined) throw new RelearnError("InvalidDefinition", `${path}:${lines.linePos(problem.pos[0]).line}: ${problem.message}`);
  if (strict) readStrictly(path, text);
  return { value: plainValue(path, document), lineOf: (at) => lineAt(at) };

  function lineAt(at: readonly PropertyKey[]): number | null {
    const node = document.getIn(at.map((key) => (typeof key === "symbol" ? String(key) : key)), true) as { range?: [number, number, number] } | undefined;
    if (node?.range !== undefined) return lines.linePos(node.range[0]).line;
    return at.length === 0 ? null : lineAt(at.slice(0, -1));
  }
}

/** Names that JavaScript keeps for itself would vanish on the way, and with them a rule or a slice that somebody wrote. */
const vanishing = "__proto__";

function plainValue(path: string, document: Document): unknown {
  let value: unknown;
  let text: string;
  try {
    value = document.toJS({ maxAliasCount: 100 });
    text = JSON.stringify(value) ?? "";
  } catch (error) {
    throw new RelearnError("InvalidDefinition", `${path} cannot be written out as plain data: ${(error as Error).message.split("\n")[0]}`, { cause: error });
  }
  JSON.parse(text, (key, part: unknown) => {
    if (key === vanishing) throw new RelearnError("InvalidDefinition", `${path}: nothing can be named ${vanishing}; rename it`);
    return part;
  });
  return value;
}

function readStrictly(path: string, text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new RelearnError("InvalidDefinition", `${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

async function importDefinition(path: string): Promise<unknown> {
  const self = fileURLToPath(import.meta.url);
  const relearn = fileURLToPath(new URL(`../../index.${self.endsWith(".ts") ? "ts" : "js"}`, import.meta.url));
  const child = spawnChild({ title: `loading ${path}`, entry: await childEntry(import.meta.url, "import-definition-main"), memoryBytes: 2 ** 30, env: authorsEnvironment() });
  try {
    return await child.request({ path, relearn }, { deadlineMs: loadMs });
  } catch (error) {
    throw error instanceof ChildFailure ? new RelearnError("InvalidDefinition", error.message, { cause: error }) : error;
  } finally {
    await child.close();
  }
}

/** The author's module is trusted code on the author's own machine: it may read the environment. */
function authorsEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined || name === "NODE_OPTIONS" ? [] : [[name, value]])));
}

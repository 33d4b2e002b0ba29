import { childEntry } from "../schemas/child-entry.ts";
import { ChildFailure, spawnChild, standbyChild } from "../schemas/child.ts";
import type { Child } from "../schemas/child.ts";
import { RelearnError } from "../schemas/failures.ts";

export interface SandboxOptions {
  /** Absolute path of an existing folder: all that SQL can reach. Keep nothing precious in it. */
  readonly scratch: string;
  /** IANA name; timestamps without a zone are read in it. */
  readonly timezone: string;
  /** DuckDB's own limit; default 1024. The child is killed at twice that and 512 MiB more. */
  readonly memoryMegabytes?: number;
  readonly threads?: number;
  /** Statements that may run at once; default 1. */
  readonly lanes?: number;
  readonly signal?: AbortSignal | undefined;
}

export type Row = Record<string, unknown>;
export interface BoundColumn { readonly name: string; readonly type: string }

export type SqlRequest =
  | { readonly op: "open"; readonly scratch: string; readonly timezone: string; readonly memoryMegabytes: number; readonly threads: number; readonly lanes: number }
  | { readonly op: "run"; readonly lane: number; readonly title: string; readonly statements: readonly string[] }
  | { readonly op: "bind"; readonly lane: number; readonly title: string; readonly sql: string }
  | { readonly op: "check"; readonly lane: number; readonly title: string; readonly kind: "select" | "expression"; readonly sql: string; readonly tables: readonly string[] };

/**
 * DuckDB in a process apart, without network and without files outside its scratch folder. Every method takes a `title`,
 * which says in messages what the SQL is: `rule "a flight goes somewhere"`.
 * @throws RelearnError `InvalidSql` when SQL is wrong or fails on the rows, `SqlLimit` when it took too long or too much.
 */
export interface Sandbox {
  /** Runs statements that this program made; people's SQL only as a part that was checked. Gives the rows of the last one; integers as numbers where they are safe. */
  run(title: string, statements: string | readonly string[], deadlineMs?: number): Promise<Row[]>;
  /** Columns that a statement would give, without running it. */
  bind(title: string, sql: string): Promise<BoundColumn[]>;
  /** Refuses anything but one repeatable SELECT over these tables. */
  checkSelect(title: string, sql: string, tables: readonly string[]): Promise<void>;
  /** Refuses anything but one repeatable expression. */
  checkExpression(title: string, sql: string): Promise<void>;
  /** The same sandbox with temporary tables and views of its own; lanes run side by side. This one is lane 0. */
  lane(index: number): Sandbox;
  close(): Promise<void>;
}

const openMs = 30_000;
const statementMs = 120_000;

const entryOf = (): Promise<string> => childEntry(import.meta.url, "sql-child-main");

/** Says that a sandbox will soon be wanted. */
export async function expectSandbox(): Promise<void> {
  standbyChild({ entry: await entryOf() });
}

/** Starts a sandbox (about 150 ms). Aborting the signal kills it; close it when done. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { scratch, timezone, memoryMegabytes = 1024, threads = 2, lanes = 1, signal } = options;
  const child = spawnChild({ title: "the SQL sandbox", entry: await entryOf(), memoryBytes: (memoryMegabytes * 2 + 512) * 2 ** 20 });
  const ask = (message: SqlRequest, title: string, deadlineMs: number) => child.request(message, { deadlineMs, signal }).catch((error: unknown) => rethrow(error, title));
  await ask({ op: "open", scratch, timezone, memoryMegabytes, threads, lanes }, "opening the SQL sandbox", openMs);
  return sandboxOver(child, ask, 0);
}

function sandboxOver(child: Child, ask: (message: SqlRequest, title: string, deadlineMs: number) => Promise<unknown>, lane: number): Sandbox {
  return {
    run: async (title, statements, deadlineMs = statementMs) => (await ask({ op: "run", lane, title, statements: typeof statements === "string" ? [statements] : statements }, title, deadlineMs)) as Row[],
    bind: async (title, sql) => (await ask({ op: "bind", lane, title, sql }, title, statementMs)) as BoundColumn[],
    checkSelect: async (title, sql, tables) => void (await ask({ op: "check", lane, title, kind: "select", sql, tables }, title, openMs)),
    checkExpression: async (title, sql) => void (await ask({ op: "check", lane, title, kind: "expression", sql, tables: [] }, title, openMs)),
    lane: (index) => sandboxOver(child, ask, index),
    close: () => child.close(),
  };
}

function rethrow(error: unknown, title: string): never {
  if (!(error instanceof ChildFailure) || error.end === "cancelled" || error.end === "closed") throw error;
  throw new RelearnError("SqlLimit", `${title}: ${error.message}`, { cause: error });
}

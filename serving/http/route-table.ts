import type { IncomingHttpHeaders } from "node:http";

/** What a caller must be allowed to; `public` is open to everybody. */
export type Scope = "public" | "predict" | "feedback" | "backfill" | "admin";

/** A request that may be answered: its route is known, its caller allowed, its body whole. */
export interface Call {
  /** From the path, each of the form its name stands for. */
  readonly path: PathValues;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed. */
  readonly body: Buffer;
  /** Whether the caller may do what needs this scope as well. */
  readonly may: (scope: Scope) => boolean;
}

export interface PathValues {
  readonly model?: string;
  readonly version?: string;
}

export interface Reply {
  readonly status: number;
  readonly body: string | Buffer;
  /** Content type; JSON where it is left out. */
  readonly type?: string;
  /** Names and values in turn. */
  readonly headers?: readonly string[];
}

/** One route. A pattern's `{model}` and `{version}` stand for one of each; anything else is meant literally. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly pattern: string;
  readonly scope: Scope;
  readonly handle: (call: Call) => Reply | Promise<Reply>;
}

export interface Match {
  /** By method. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly path: PathValues;
}

const forms: Readonly<Record<string, string>> = { model: "(?<model>[a-z0-9][a-z0-9-]{0,62})", version: "(?<version>[1-9][0-9]{0,8})" };

/**
 * Finds routes by path. Nothing is decoded or tidied up: a path is one of the patterns as it stands, or there is none.
 * Paths that were found are kept, so that a busy one costs one look-up.
 */
export function makeMatcher(table: readonly Route[]): (path: string) => Match | null {
  const patterns = [...new Set(table.map(({ pattern }) => pattern))].map((pattern) => ({
    expression: expressionOf(pattern),
    routes: new Map(table.filter((route) => route.pattern === pattern).map((route) => [route.method as string, route])),
  }));
  const found = new Map<string, Match>();
  return (path) => {
    const known = found.get(path);
    if (known !== undefined) return known;
    for (const { expression, routes } of patterns) {
      const match = expression.exec(path);
      if (match !== null) return keep(found, path, { routes, path: { ...match.groups } });
    }
    return null;
  };
}

const mostKept = 1000;

function keep(found: Map<string, Match>, path: string, match: Match): Match {
  if (found.size >= mostKept) found.clear();
  found.set(path, match);
  return match;
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part.replace(/[.*+?^$()|[\]\\]/g, "\\$&") : (forms[part] ?? unknownName(part))));
  return new RegExp(`^${parts.join("")}$`);
}

function unknownName(part: string): never {
  throw new Error(`there is no form for {${part}} in a path`);
}

import type { IncomingHttpHeaders } from "node:http";

/** A request that may be answered: its route is known, its caller allowed, its body whole. */
export interface Call<Scope extends string = string> {
  /** From the path, each of the form its name stands for. */
  readonly path: PathValues;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed. */
  readonly body: Buffer;
  /** Whether the caller may do what needs this scope as well. */
  readonly may: (scope: Scope) => boolean;
  /** Name of the caller; null where nobody needs to say. */
  readonly caller: string | null;
}

export interface PathValues {
  readonly model?: string;
  readonly version?: string;
  readonly pipeline?: string;
}

export interface Reply {
  readonly status: number;
  readonly body: string | Buffer;
  /** Content type; JSON where it is left out. */
  readonly type?: string;
  /** Names and values in turn. */
  readonly headers?: readonly string[];
}

/** One route. A pattern's `{model}`, `{version}` and `{pipeline}` stand for one of each; anything else is meant literally. */
export interface Route<Scope extends string = string> {
  readonly method: "GET" | "POST";
  readonly pattern: string;
  /** What its caller must be allowed to; `public` is open to everybody. */
  readonly scope: Scope;
  readonly handle: (call: Call<Scope>) => Reply | Promise<Reply>;
}

export interface Match<Scope extends string = string> {
  /** By method. */
  readonly routes: ReadonlyMap<string, Route<Scope>>;
  readonly path: PathValues;
}

const forms: Readonly<Record<string, string>> = { model: "(?<model>[a-z0-9][a-z0-9-]{0,62})", version: "(?<version>[1-9][0-9]{0,8})", pipeline: "(?<pipeline>[a-z0-9][a-z0-9-]{0,62})" };

/**
 * Finds routes by path. Nothing is decoded or tidied up: a path is one of the patterns as it stands, or there is none.
 * Paths that were found are kept, so that a busy one costs one look-up.
 */
export function makeMatcher<Scope extends string>(table: readonly Route<Scope>[]): (path: string) => Match<Scope> | null {
  const patterns = [...new Set(table.map(({ pattern }) => pattern))].map((pattern) => ({
    expression: expressionOf(pattern),
    routes: new Map(table.filter((route) => route.pattern === pattern).map((route) => [route.method as string, route])),
  }));
  const found = new Map<string, Match<Scope>>();
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

function keep<Scope extends string>(found: Map<string, Match<Scope>>, path: string, match: Match<Scope>): Match<Scope> {
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

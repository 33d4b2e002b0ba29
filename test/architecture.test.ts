import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

/** Who may import whom: the table of the rooms in docs/architecture.md. A room not listed here may import nothing but its own. */
const rooms: Record<string, { readonly rooms: readonly string[]; readonly types?: readonly string[]; readonly packages: readonly string[] }> = {
  schemas: { rooms: [], packages: ["zod", "temporal-polyfill", "node:*", "esbuild"] },
  policy: { rooms: ["schemas"], packages: [] },
  stats: { rooms: ["schemas"], packages: [] },
  tables: { rooms: ["schemas", "stats"], packages: ["@duckdb/*", "pg", "pg-query-stream", "node:*", "zod"] },
  stores: { rooms: ["schemas"], packages: ["@aws-sdk/*", "@smithy/*", "canonicalize", "zod", "node:*"] },
  inference: { rooms: ["schemas", "stores"], packages: ["onnxruntime-node", "zod", "node:*"] },
  http: { rooms: ["schemas"], packages: ["node:*"] },
  serving: { rooms: ["schemas", "http", "stores", "inference", "stats", "policy"], packages: ["prom-client", "pino", "zod", "node:*"] },
  shipping: { rooms: ["schemas", "tables", "stores", "inference"], packages: ["@duckdb/*", "node:*"] },
  client: { rooms: [], types: ["schemas"], packages: [] },
  launchers: { rooms: ["schemas", "stores"], packages: ["zod", "node:*"] },
  activities: { rooms: ["schemas", "policy", "stats", "tables", "stores", "inference", "launchers"], packages: ["@temporalio/activity", "@temporalio/client", "@temporalio/common", "@duckdb/*", "onnxruntime-node", "zod", "node:*"] },
  workflows: { rooms: ["policy"], types: ["schemas", "activities"], packages: ["@temporalio/workflow", "@temporalio/common"] },
  gateway: { rooms: ["schemas", "http", "stores", "policy"], types: ["workflows"], packages: ["@temporalio/client", "node:*"] },
  workers: { rooms: ["schemas", "stores", "launchers", "activities"], packages: ["@temporalio/*", "pino", "node:*"] },
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function sourcesOf(room: string): string[] {
  return readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts")).map((name) => join(root, room, name));
}

function importsOf(file: string): Import[] {
  const found = readFileSync(file, "utf8").matchAll(/^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm);
  return [...found].map(([, type, fixed, dynamic]) => ({ from: relative(root, file), to: fixed ?? dynamic ?? "", typeOnly: type !== undefined }));
}

function isAllowed(room: string, file: string, { to, typeOnly }: Import): boolean {
  const rule = rooms[room];
  if (rule === undefined) return false;
  if (!to.startsWith(".")) return typeOnly || rule.packages.some((allowed) => (allowed.endsWith("*") ? to.startsWith(allowed.slice(0, -1)) : to === allowed || to.startsWith(`${allowed}/`)));
  const target = relative(root, resolve(dirname(file), to)).split("/")[0] ?? "";
  return target === room || rule.rooms.includes(target) || (typeOnly && (rule.types ?? []).includes(target));
}

describe("the rooms", () => {
  it.each(Object.keys(rooms))("%s imports only what its place allows", (room) => {
    const refused = sourcesOf(room).flatMap((file) => importsOf(file).filter((one) => !isAllowed(room, file, one)));
    expect(refused.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it("are read from the environment only by a process's own entry", () => {
    const readers = Object.keys(rooms).flatMap(sourcesOf).filter((file) => /process\.env\b/.test(readFileSync(file, "utf8"))).map((file) => relative(root, file));
    expect(readers.filter((file) => !allowedReaders.includes(file))).toEqual([]);
  });

  it.each([["tables/sql-child-main.ts", ["@duckdb/node-api"]], ["activities/scoring/scoring-child-main.ts", ["@duckdb/node-api", "canonicalize", "onnxruntime-node"]], ["inference/model-child-main.ts", ["onnxruntime-node"]]])("keep the child %s quick to start", (entry, packages) => {
    const seen = new Set<string>();
    const loaded = (file: string): string[] => {
      if (seen.has(file)) return [];
      seen.add(file);
      return importsOf(file).filter(({ typeOnly }) => !typeOnly).flatMap(({ to }) => (to.startsWith(".") ? loaded(resolve(dirname(file), to)) : to.startsWith("node:") ? [] : [to]));
    };
    expect([...new Set(loaded(join(root, entry)))].sort()).toEqual(packages);
  });

  it("have files that one reading can hold", () => {
    const long = Object.keys(rooms).flatMap(sourcesOf).map((file) => ({ file: relative(root, file), lines: readFileSync(file, "utf8").split("\n").length })).filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });
});

/** Entries, and the two that hand a small part of their environment on to a child process. */
/** The S3 driver reads nothing: it turns off a notice of its SDK, which has no other switch. */
const allowedReaders = ["workers/main.ts", "serving/main.ts", "shipping/shipper-main.ts", "workers/open-dependencies.ts", "schemas/child.ts", "stores/s3-object-store.ts"];

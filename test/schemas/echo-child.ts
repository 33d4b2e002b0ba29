import { DuckDBInstance } from "@duckdb/node-api";
import { RelearnError } from "../../schemas/failures.ts";
import { serveChild } from "../../schemas/serve-child.ts";

const kept: Uint8Array[] = [];

serveChild(async (message) => {
  const { ask, value } = message as { ask: string; value?: unknown };
  if (ask === "hang") for (;;);
  if (ask === "query") await (await (await DuckDBInstance.create(":memory:")).connect()).run("select sum(sleep_ms(100)) from range(10000)");
  if (ask === "wait") await new Promise((resolve) => setTimeout(resolve, 60_000));
  if (ask === "die") process.kill(process.pid, "SIGSEGV");
  if (ask === "grow") for (;;) {
    kept.push(new Uint8Array(16_000_000).fill(1));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  if (ask === "refuse") throw new RelearnError("InvalidSql", "no such thing");
  if (ask === "environment") return Object.keys(process.env);
  return value;
});

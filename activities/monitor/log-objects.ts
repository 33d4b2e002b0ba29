import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { ObjectInfo } from "../../stores/object-store.ts";
import { inParallel } from "../../stores/parallel.ts";
import { checkFormat } from "../../tables/read-predictions.ts";
import type { Dependencies } from "../dependencies.ts";

/** An object of the log as a local file. */
export interface Fetched { readonly key: string; readonly path: string }

/** An object that has been removed since it was listed holds nothing. */
export async function fetchObjects({ store }: Pick<Dependencies, "store">, listed: readonly ObjectInfo[], folder: string, signal: AbortSignal): Promise<Fetched[]> {
  const fetched = await inParallel(listed, 16, async ({ key }, i) => {
    const path = join(folder, `${i}.parquet`);
    return (await store.download(key, path, { signal })) === null ? null : { key, path };
  });
  return fetched.filter((one) => one !== null);
}

/** One object that cannot be read must not blind the watch: it is left out, and told. */
export async function readableObjects(connection: DuckDBConnection, fetched: readonly Fetched[]): Promise<{ readonly files: readonly string[]; readonly problems: readonly string[] }> {
  const files = fetched.map(({ path }) => path);
  if (files.length === 0 || (await problemOf(connection, files)) === null) return { files, problems: [] };
  const each = await inParallel(fetched, 1, async ({ key, path }) => ({ path, key, problem: await problemOf(connection, [path]) }));
  return { files: each.filter(({ problem }) => problem === null).map(({ path }) => path), problems: each.filter(({ problem }) => problem !== null).map(({ key, path, problem }) => `${key} cannot be read and is left out: ${problem?.replaceAll(path, "it").slice(0, 300)}`) };
}

const problemOf = (connection: DuckDBConnection, files: readonly string[]): Promise<string | null> => checkFormat(connection, files).then(() => null, (error: unknown) => (error as Error).message);

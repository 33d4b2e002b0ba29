import { columnNamesSql, type ServedColumn } from "../../tables/served-sql.ts";
import type { Sandbox } from "../../tables/sql-child.ts";
import type { WatchedVersion } from "./watched-version.ts";

/** Inputs of a version that any of these files of the prediction log has. */
export async function loggedColumns(sandbox: Sandbox, files: readonly string[], { manifest }: Pick<WatchedVersion, "manifest">): Promise<readonly ServedColumn[]> {
  const there = new Set((await sandbox.run("the prediction log", columnNamesSql(files))).map(({ name }) => String(name)));
  return manifest.inputs.filter(({ name }) => there.has(`in_${name}`));
}

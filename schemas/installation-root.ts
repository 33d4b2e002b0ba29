import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RelearnError } from "./failures.ts";

/** The nearest folder above this file with Relearn's package.json: the same from sources and from dist/. */
export function installationRoot(from: string = fileURLToPath(import.meta.url)): string {
  const folder = dirname(from);
  const manifest = join(folder, "package.json");
  if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, "utf8")) as { name?: string }).name === "relearn") return folder;
  if (folder === dirname(folder)) throw new RelearnError("SetupIncomplete", `no package.json of relearn above ${fileURLToPath(import.meta.url)}: the installation is incomplete, install it again`);
  return installationRoot(folder);
}

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { RelearnError } from "../schemas/failures.ts";

/**
 * Where a server's program is: the system's own on PATH first, else the one in Relearn's Python environment.
 * @throws RelearnError `SetupIncomplete` when there is none
 */
export function findProgram(name: "temporal" | "weed", root: string, path: string = process.env["PATH"] ?? ""): string {
  const folders = [...foldersOf(path), join(root, ".venv", "bin")];
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found !== undefined) return found;
  throw new RelearnError("SetupIncomplete", `there is no \`${name}\` on PATH nor in ${join(root, ".venv", "bin")}: run \`npm run setup\` in ${root}`);
}

export const foldersOf = (path: string): string[] => path.split(delimiter).filter((folder) => folder !== "");

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

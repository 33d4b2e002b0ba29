import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * Names a state of the sources: SHA-256 over the Node version, the platform, `facts`, and the path and bytes of every file.
 * @param root folder the paths are told from, so that a moved checkout keeps its stamps
 * @param files absolute paths; a missing one counts as absent, not as an error
 * @param facts anything else the step depends on
 */
export function stampOf(root, files, facts = []) {
  const hash = createHash("sha256");
  for (const fact of [process.version, process.platform, process.arch, ...facts]) hash.update(`${fact}\n`);
  for (const file of files.map(String).sort()) {
    const bytes = existsSync(file) ? readFileSync(file) : null;
    hash.update(`${relative(root, file)}\n${bytes === null ? "absent" : bytes.length}\n`);
    if (bytes !== null) hash.update(bytes);
  }
  return hash.digest("hex");
}

/** True when the step that writes `stampFile` was finished for exactly this stamp. */
export function isStamped(stampFile, stamp) {
  return existsSync(stampFile) && readFileSync(stampFile, "utf8").trim() === stamp;
}

/** Written after a step, so that a step that was cut off is done again. */
export function writeStamp(stampFile, stamp) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, `${stamp}\n`);
}

export function clearStamp(stampFile) {
  rmSync(stampFile, { force: true });
}

/** Every file under the folders whose name ends in one of `extensions`. Folders that do not exist yet hold nothing. */
export function filesUnder(root, folders, extensions) {
  return folders.flatMap((folder) => walk(join(root, folder), extensions));
}

function walk(folder, extensions) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" || entry.name === "__pycache__" ? [] : walk(path, extensions);
    return extensions.some((extension) => entry.name.endsWith(extension)) ? [path] : [];
  });
}

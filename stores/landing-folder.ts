import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { RelearnError } from "../schemas/failures.ts";
import type { LandingPlace } from "./landing-place.ts";
import { writeWhole } from "./whole-file.ts";

/**
 * @param folder as written in the definition; relative to `base`. Links inside it are followed only where they stay inside it.
 * @param prefix of the names in it that are of the source: what else lies beside them is nobody's business
 */
export function folderPlace(folder: string, base: string, prefix = ""): LandingPlace {
  const root = resolve(base, folder);
  return {
    root: root.endsWith(sep) ? root : `${root}${sep}`,
    async *list() {
      const real = await realpath(root).catch(() => null);
      if (real !== null) yield* walk(root, real, "", (name) => name.startsWith(prefix) || name === "_SUCCESS");
    },
    async fetch(name, toPath, signal) {
      // A pipe put in the file's place would else be waited for.
      const file = await open(join(root, name), constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return null;
        throw error;
      });
      if (file === null) return null;
      try {
        await refuseOutside(await realpath(root), join(root, name));
        const before = await file.stat({ bigint: true });
        if (!before.isFile()) return { etag: "no file" };
        await writeWhole(toPath, file.createReadStream({ autoClose: false, highWaterMark: 1 << 20 }), signal);
        const after = await file.stat({ bigint: true });
        return { etag: tagOf(before) === tagOf(after) ? tagOf(after) : "changed" };
      } finally {
        await file.close();
      }
    },
  };
}

/** A copy that keeps its source's time (`cp -p`, `rsync -t`) changes neither size nor modification time, but the file's own time of change. */
const tagOf = (info: BigIntStats): string => `${info.size}-${info.mtimeNs}-${info.ctimeNs}`;

async function* walk(root: string, real: string, below: string, isWanted: (name: string) => boolean): AsyncGenerator<{ name: string; bytes: number; etag: string }, void> {
  for (const entry of (await readdir(join(root, below), { withFileTypes: true })).filter(({ name }) => isWanted(name))) {
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    const path = join(root, name);
    if (entry.isSymbolicLink()) await refuseOutside(real, path);
    const info = await stat(path, { bigint: true }).catch(() => null);
    if (info?.isDirectory() === true && !entry.isSymbolicLink()) yield* walk(root, real, name, () => true);
    if (info?.isFile() === true) yield { name, bytes: Number(info.size), etag: tagOf(info) };
  }
}

async function refuseOutside(real: string, path: string): Promise<void> {
  const target = await realpath(path).catch(() => null);
  if (target === null || target.startsWith(real + sep)) return;
  throw new RelearnError("InvalidInput", `${path} is a link that leaves its folder (to ${target}); copy the file into the folder`);
}

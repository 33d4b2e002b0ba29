import { readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { parse } from "yaml";
import { readAs } from "../../schemas/boundary.ts";
import { type Definition, definition as schema } from "../../schemas/definition.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { Settings } from "../../schemas/settings.ts";

/** Reads and checks a definition's file. @throws RelearnError `NotFound`, `InvalidDefinition` */
export async function loadDefinition(file: string, _settings: Settings): Promise<Definition> {
  const path = resolve(file);
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new RelearnError("NotFound", `${path} cannot be read: ${error.message}`, { cause: error });
  });
  if (extname(path) === ".ts") throw new RelearnError("InvalidDefinition", "not yet");
  const read = readAs(schema, parse(text), path);
  return { ...read, trainer: { ...read.trainer, workdir: read.trainer.workdir ?? dirname(path) } };
}

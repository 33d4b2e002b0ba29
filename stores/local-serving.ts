import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { z } from "zod";
import { readJson } from "../schemas/boundary.ts";
import { RelearnError } from "../schemas/failures.ts";
import { lastServed, pin, type LastServed, type Pin } from "../schemas/local-serving.ts";

/** What a server keeps of a model on this host: blobs, what it last served, a pin. */
export const servingFolder = (home: string, model: string): string => join(home, "serving", model);
export const servingBlobs = (home: string, model: string): string => join(servingFolder(home, model), "blobs");
export const pinFile = (home: string, model: string): string => join(servingFolder(home, model), "pin.json");
export const lastServedFile = (home: string, model: string): string => join(servingFolder(home, model), "last.json");

/** Null when there is none. @throws RelearnError `InvalidInput` naming the file, also where it is another model's. */
export const readPin = (home: string, model: string): Promise<Pin | null> => readLocal(pinFile(home, model), pin, model);
export const readLastServed = (home: string, model: string): Promise<LastServed | null> => readLocal(lastServedFile(home, model), lastServed, model);

export const writePin = (home: string, value: Pin): Promise<void> => writeLocal(pinFile(home, value.model), value);
export const writeLastServed = (home: string, value: LastServed): Promise<void> => writeLocal(lastServedFile(home, value.model), value);
export const removePin = (home: string, model: string): Promise<void> => rm(pinFile(home, model), { force: true });

/** Models that have been served on this host. */
export async function modelsServedHere(home: string): Promise<string[]> {
  const names = await readdir(join(home, "serving")).catch(() => []);
  return names.filter((model) => existsSync(lastServedFile(home, model)));
}

async function readLocal<S extends z.ZodType<{ readonly model: string }>>(path: string, schema: S, model: string): Promise<z.output<S> | null> {
  try {
    const found = readJson(schema, await readFile(path, "utf8"), path);
    if (found.model !== model) throw new RelearnError("InvalidInput", `${path} is of the model ${found.model}, where that of ${model} belongs; remove it`);
    return found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Whole or not at all, also where the power fails. */
async function writeLocal(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    const file = await open(draft, "wx", 0o600);
    await file.writeFile(`${JSON.stringify(value, null, 2)}\n`).then(() => file.sync()).finally(() => file.close());
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

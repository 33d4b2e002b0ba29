import { randomBytes, randomUUID } from "node:crypto";
import { chmod, link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readAs } from "../schemas/boundary.ts";
import { webhookSecret } from "../schemas/webhook-sender.ts";

export const webhookTokenFile = (home: string): string => join(home, "keys", "webhook-token");

/** What this home's own senders sign with, or send as a bearer token: made at its first use, mode 0600. Two processes that make it at once end with the same one. */
export async function ensureWebhookToken(home: string): Promise<string> {
  const path = webhookTokenFile(home);
  const known = await readFile(path, "utf8").catch(() => null);
  if (known === null) await makeToken(path);
  await chmod(path, 0o600).catch(() => undefined);
  return readAs(webhookSecret, (await readFile(path, "utf8")).trim(), path);
}

async function makeToken(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, `whsec_${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

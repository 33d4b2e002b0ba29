import pino from "pino";
import { RelearnError } from "../schemas/failures.ts";
import { watchParent, withParent } from "../schemas/parent-watch.ts";
import { loadSettings } from "../schemas/settings.ts";
import { loadServerSettings, openServer } from "./open-server.ts";

/** Longer than the HTTP side waits for what is under way. */
const graceMs = 30_000;

/** The serving process: `relearn up` starts it, SIGTERM ends it after its last reply; with `--with-parent` its parent's end does too. */
async function main(): Promise<void> {
  const log = pino({ name: "relearn-server" });
  let shutdown = (): void => process.exit(1);
  if (process.argv.includes(withParent)) watchParent(process.stdin, () => {
    log.warn("the process that started this server has ended: shutting down");
    shutdown();
  });
  const settings = loadSettings(process.env);
  const server = await openServer(settings, loadServerSettings(process.env), log);
  log.info({ url: server.url, bucket: settings.s3.bucket }, "listening");
  await new Promise<void>((resolve) => {
    shutdown = resolve;
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  setTimeout(() => process.exit(1), graceMs).unref();
  await server.close();
  log.info("ended");
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(error instanceof RelearnError ? error.message : error);
  process.exit(1);
}

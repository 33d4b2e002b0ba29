import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Logger, Runtime } from "@temporalio/worker";
import pino from "pino";
import { RelearnError } from "../schemas/failures.ts";
import { loadNoticeReceivers } from "../schemas/notice-settings.ts";
import { watchParent, withParent } from "../schemas/parent-watch.ts";
import { postgresAddress } from "../schemas/postgres-settings.ts";
import { loadSettings, type Settings } from "../schemas/settings.ts";
import { loadTrustKeys } from "../schemas/trust-keys.ts";
import { probeStore } from "../stores/probe.ts";
import { connectTemporal, openStores } from "./connect.ts";
import { openDependencies } from "./open-dependencies.ts";
import { startWorkers } from "./start-workers.ts";

/** With its parent gone nobody is left to kill a worker that does not shut down: its servers may have gone too. */
const orphanGraceMs = 15_000;

/** The worker process: `relearn up` starts it, SIGTERM ends it after what it is doing; with `--with-parent` its parent's end does too. */
async function main(): Promise<void> {
  const log = pino({ name: "relearn-worker" });
  let shutdown = (): void => process.exit(1);
  if (process.argv.includes(withParent)) watchParent(process.stdin, () => {
    log.warn("the process that started this worker has ended: shutting down");
    setTimeout(() => process.exit(1), orphanGraceMs).unref();
    shutdown();
  });
  const settings = loadSettings(process.env);
  Runtime.install({ logger: temporalLogger(log), shutdownSignals: [] });
  const stores = openStores(settings);
  await probeStore(stores.store, "quick");
  const temporal = await connectTemporal(settings);
  const deps = { ...(await openDependencies(settings, stores, temporal.client.workflow, loadTrustKeys(process.env))), notices: loadNoticeReceivers(process.env), postgres: postgresAddress(process.env) };
  const workers = await startWorkers(settings, deps, { codePath: bundlePath(settings) });
  shutdown = workers.shutdown;
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, workers.shutdown);
  log.info({ temporal: settings.temporal.address, bucket: settings.s3.bucket }, "ready");
  await workers.ended;
  await temporal.close();
  stores.close();
}

function bundlePath({ root }: Settings): string {
  const path = join(root, "dist", "workflows-bundle.js");
  if (!existsSync(path)) throw new RelearnError("SetupIncomplete", `there is no ${path}: run \`npm run build\``);
  return path;
}

function temporalLogger(log: pino.Logger): Logger {
  const at = (level: "trace" | "debug" | "info" | "warn" | "error") => (message: string, meta?: Record<string | symbol, unknown>) => log[level](meta ?? {}, message);
  return { log: (level, message, meta) => at(level.toLowerCase() as "info")(message, meta), trace: at("trace"), debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

try {
  await main();
} catch (error) {
  console.error(error instanceof RelearnError ? error.message : error);
  process.exitCode = 1;
}

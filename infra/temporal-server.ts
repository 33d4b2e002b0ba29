import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import type { Connection } from "@temporalio/client";
import { RelearnError } from "../schemas/failures.ts";
import { searchAttributes } from "../schemas/search-attributes.ts";
import type { Settings, TemporalSettings } from "../schemas/settings.ts";
import type { StartRequest } from "./owned-processes.ts";

export const temporalPorts = ["temporal", "temporalUi", "temporalHttp", "temporalMetrics"] as const;
export type TemporalPorts = Readonly<Record<(typeof temporalPorts)[number], number>>;

/** The dev server, loopback only, its state in `<home>/temporal.sqlite`. */
export function temporalRequest(program: string, home: string, namespace: string, ports: TemporalPorts): StartRequest {
  const flags = {
    "--ip": "127.0.0.1",
    "--port": ports.temporal,
    "--ui-port": ports.temporalUi,
    "--http-port": ports.temporalHttp,
    "--metrics-port": ports.temporalMetrics,
    "--db-filename": join(home, "temporal.sqlite"),
    "--namespace": namespace,
    "--log-level": "error",
    // Without it a workflow of six activities takes 0.35 s instead of 0.07 s.
    "--dynamic-config-value": "history.transferProcessorMaxPollRPS=2000",
  };
  return { name: "temporal", command: [program, "server", "start-dev", ...Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)])], env: bareEnvironment() };
}

/** Servers get no credentials of ours, and no setting of the person's own that could change them. */
export function bareEnvironment(): Record<string, string | undefined> {
  const { PATH, HOME, TMPDIR, LANG, SYSTEMROOT } = process.env;
  return { PATH, HOME, TMPDIR, LANG, SYSTEMROOT };
}

/** Options for `Connection.connect` and `NativeConnection.connect`. */
export async function connectionOptions(temporal: TemporalSettings): Promise<{ address: string; apiKey?: string; tls?: object }> {
  const { readFile } = await import("node:fs/promises");
  const read = async (path: string | null): Promise<Buffer | undefined> => (path === null ? undefined : readFile(path));
  if (temporal.address === null) throw new RelearnError("TemporalUnavailable", "the local stack is not running: start it with `relearn up`, or name a server in TEMPORAL_ADDRESS");
  if (temporal.tls === null) return { address: temporal.address };
  const [ca, crt, key] = await Promise.all([read(temporal.tls.caFile), read(temporal.tls.certFile), read(temporal.tls.keyFile)]);
  return {
    address: temporal.address,
    ...(temporal.apiKey === null ? {} : { apiKey: temporal.apiKey }),
    tls: { ...(temporal.tls.serverName === null ? {} : { serverNameOverride: temporal.tls.serverName }), ...(ca ? { serverRootCACertificate: ca } : {}), ...(crt && key ? { clientCertPair: { crt, key } } : {}) },
  };
}

/**
 * Waits until Temporal answers for the namespace, then registers the search attributes (they can be registered again and again).
 * @param died called between tries; throws when the server's process has ended
 * @throws RelearnError `TemporalUnavailable`
 */
export async function readyTemporal(settings: Pick<Settings, "temporal">, options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined; readonly died?: () => void }): Promise<void> {
  const { Connection } = await import("@temporalio/client");
  const deadline = Date.now() + options.timeoutMs;
  const target = await connectionOptions(settings.temporal);
  for (;;) {
    options.signal?.throwIfAborted();
    options.died?.();
    try {
      return await once(Connection, target, settings.temporal.namespace);
    } catch (error) {
      if (Date.now() > deadline) throw unavailable(settings.temporal, options.timeoutMs, error);
      await sleep(50);
    }
  }
}

async function once(connector: typeof Connection, target: Awaited<ReturnType<typeof connectionOptions>>, namespace: string): Promise<void> {
  const connection = await connector.connect({ ...target, connectTimeout: 2_000 });
  try {
    await connection.withDeadline(Date.now() + 5_000, () => connection.workflowService.describeNamespace({ namespace }));
    await connection.withDeadline(Date.now() + 10_000, () => registerSearchAttributes(connection, namespace));
  } finally {
    await connection.close();
  }
}

const valueTypes = { KEYWORD: 2, INT: 3 } as const;

async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const wanted = Object.fromEntries(searchAttributes.map(({ name, type }) => [name, valueTypes[type]]));
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.fromEntries(Object.entries(wanted).filter(([name]) => !(name in (customAttributes ?? {}))));
  if (Object.keys(missing).length > 0) await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: missing });
}

function unavailable(temporal: TemporalSettings, timeoutMs: number, cause: unknown): RelearnError {
  const what = `Temporal at ${temporal.address} does not answer for namespace ${JSON.stringify(temporal.namespace)} within ${timeoutMs / 1000} s: ${(cause as Error).message}`;
  return new RelearnError("TemporalUnavailable", temporal.from === "environment" ? `${what}; check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE` : what, { cause });
}

import { setTimeout as sleep } from "node:timers/promises";
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
    // From the home itself: a whole path would become part of an address, and `#` in it would cut it, away from the home.
    "--db-filename": "temporal.sqlite",
    "--namespace": namespace,
    "--log-level": "error",
    // Without it a workflow of six activities takes 0.35 s instead of 0.07 s.
    "--dynamic-config-value": "history.transferProcessorMaxPollRPS=2000",
  };
  // A web page can post to the HTTP API, which asks nobody who they are: it could approve a model. Nobody's name is this one (RFC 2606); the page of the UI has its own guard.
  const closed = ["--dynamic-config-value", 'frontend.httpAllowedHosts=["nobody.invalid"]'];
  return { name: "temporal", command: [program, "server", "start-dev", ...Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]), ...closed], cwd: home, env: bareEnvironment() };
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
      return await once(Connection, target, settings.temporal);
    } catch (error) {
      if (Date.now() > deadline || isFinal(error, settings.temporal)) throw unavailable(settings.temporal, options.timeoutMs, error);
      await sleep(50);
    }
  }
}

/** Codes of gRPC (google.rpc.Code) that trying again does not change. */
const codes = { notFound: 5, permissionDenied: 7, unimplemented: 12, unauthenticated: 16 } as const;
const codeOf = (error: unknown): number | null => (error as { code?: number } | null)?.code ?? null;

/** A server that was named in the environment and says no will go on saying no; our own may still be starting. */
function isFinal(error: unknown, { from }: TemporalSettings): boolean {
  return from === "environment" && (Object.values(codes) as (number | null)[]).includes(codeOf(error));
}

async function once(connector: typeof Connection, target: Awaited<ReturnType<typeof connectionOptions>>, { namespace, from }: TemporalSettings): Promise<void> {
  const connection = await connector.connect({ ...target, connectTimeout: 2_000 });
  try {
    await connection.withDeadline(Date.now() + 5_000, () => ensureNamespace(connection, namespace, from));
    await connection.withDeadline(Date.now() + 10_000, () => registerSearchAttributes(connection, namespace));
  } finally {
    await connection.close();
  }
}

/** Our own server gets the namespace that is asked for, also when it was first started with another one. */
async function ensureNamespace(connection: Connection, namespace: string, from: TemporalSettings["from"]): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if (from === "environment" || codeOf(error) !== codes.notFound) throw error;
    await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: retentionSeconds as never } });
  }
}

const retentionSeconds = 90 * 86_400;

const valueTypes = { KEYWORD: 2, INT: 3 } as const;

async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const wanted = Object.fromEntries(searchAttributes.map(({ name, type }) => [name, valueTypes[type]]));
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.fromEntries(Object.entries(wanted).filter(([name]) => !(name in (customAttributes ?? {}))));
  if (Object.keys(missing).length > 0) await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: missing });
}

function unavailable(temporal: TemporalSettings, timeoutMs: number, cause: unknown): RelearnError {
  const said = (cause as { details?: string }).details ?? (cause as Error).message;
  const where = `Temporal at ${temporal.address}, namespace ${JSON.stringify(temporal.namespace)},`;
  const what = isFinal(cause, temporal) ? `${where} refused (${said})` : `${where} does not answer within ${timeoutMs / 1000} s (${said})`;
  return new RelearnError("TemporalUnavailable", temporal.from === "environment" ? `${what}; ${adviceFor(cause)}` : what, { cause });
}

function adviceFor(cause: unknown): string {
  const code = codeOf(cause);
  if (code === codes.notFound) return "check TEMPORAL_NAMESPACE, or create it with `temporal operator namespace create`";
  if (code !== codes.permissionDenied && code !== codes.unimplemented) return "check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TEMPORAL_API_KEY";
  const attributes = searchAttributes.map(({ name, type }) => `${name} (${type === "INT" ? "Int" : "Keyword"})`).join(", ");
  return `have its administrator register the search attributes ${attributes} in this namespace, and allow this client to list them`;
}

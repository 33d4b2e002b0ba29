import type { Client } from "pg";
import { RelearnError } from "../schemas/failures.ts";
import type { PostgresAddress } from "../schemas/postgres-settings.ts";

export type PostgresClient = Client;

const connectMs = 10_000;
const statementMs = 600_000;
/** Silence after which the other end is asked whether it lives: Linux gives it up some 11 minutes later, and not after two hours. */
const silenceMs = 30_000;

/**
 * Runs `work` in one transaction that sees one moment of the database and can change nothing.
 * @throws RelearnError `StoreUnavailable` where it does not answer, `StoreRefused` where it lets nobody in, `SqlLimit` after 10 minutes, `DataRefused` where a table cannot be read, `SetupIncomplete` without the package pg
 */
export async function inPostgres<T>(address: PostgresAddress, signal: AbortSignal, work: (client: PostgresClient) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const client = await openClient(address).catch((error: unknown) => {
    throw failureOf(error, address.shown);
  });
  const stop = (): void => void client.end().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await client.connect();
    await client.query(`begin transaction isolation level repeatable read, read only; set local statement_timeout = ${statementMs}; set local lock_timeout = ${connectMs}`);
    return await work(client);
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(error, address.shown);
  } finally {
    signal.removeEventListener("abort", stop);
    await client.end().catch(() => undefined);
  }
}

async function openClient({ url }: PostgresAddress): Promise<PostgresClient> {
  const { default: pg } = await import("pg").catch(missingPackage);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectMs, application_name: "relearn", keepAlive: true, keepAliveInitialDelayMillis: silenceMs });
  // A connection that breaks rejects the query that waits on it; without a listener it would end the process as well.
  client.on("error", () => undefined);
  return client;
}

export function missingPackage(error: unknown): never {
  throw new RelearnError("SetupIncomplete", "labels from Postgres need the packages pg and pg-query-stream: `npm install pg pg-query-stream`", { cause: error });
}

/** Classes of SQLSTATE (PostgreSQL documentation, appendix A). */
const refused = /^(28|3D)/;
const unreadable = /^(42|22|0A)/;

/** A server that does not prove who it is today does not tomorrow (Node's X.509 and TLS error codes; pg's own word for a server without TLS). */
const unproven = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|ERR_OSSL_)|does not support SSL/;
/** A file that the address names; a socket that is not there (`connect`) may be of a server that starts again. */
const unread = /^(EISDIR|EACCES|ENOENT|ENOTDIR)$/;

function failureOf(error: unknown, shown: string): unknown {
  if (error instanceof RelearnError) return error;
  const { code = "", message = String(error), syscall } = error as { code?: string; message?: string; syscall?: string };
  const database = `the database of labels (RELEARN_POSTGRES_URL, ${shown})`;
  if (unproven.test(code) || unproven.test(message)) return new RelearnError("StoreRefused", `${database}: no trusted connection: ${message}; sslrootcert=FILE names the certificate authority to believe, and sslmode=disable goes without TLS where the way there is safe`, { cause: error });
  if (unread.test(code) && syscall !== "connect") return new RelearnError("StoreRefused", `${database}: a file that its address names cannot be read: ${message}`, { cause: error });
  const type = refused.test(code) ? "StoreRefused" : code === "57014" ? "SqlLimit" : unreadable.test(code) ? "DataRefused" : "StoreUnavailable";
  return new RelearnError(type, `${database}: ${message || code || "no answer"}`, { cause: error });
}

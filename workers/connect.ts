import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, Connection, type ConnectionOptions } from "@temporalio/client";
import { RelearnError } from "../schemas/failures.ts";
import type { Settings, TemporalSettings } from "../schemas/settings.ts";
import { connectS3, type S3Connection } from "../stores/s3-object-store.ts";
import type { ObjectStore } from "../stores/object-store.ts";
import { retriesThatEnd } from "./retries-that-end.ts";

/** The queue of workflows and light activities; heavy ones have their own beside it. */
export const taskQueue = "relearn";
export const dataQueue = (queue: string): string => `${queue}-data`;

const connectTimeout = "5s";

export interface TemporalConnection {
  readonly connection: Connection;
  readonly client: Client;
  close(): Promise<void>;
}

/** @throws RelearnError `TemporalUnavailable` within some seconds, saying what to do. */
export async function connectTemporal(settings: Settings): Promise<TemporalConnection> {
  const { temporal } = settings;
  try {
    const connection = await Connection.connect({ ...connectionOptions(temporal), interceptors: retriesThatEnd(), connectTimeout });
    const client = new Client({ connection, namespace: temporal.namespace, dataConverter: dataConverter(settings) });
    return { connection, client, close: () => connection.close() };
  } catch (error) {
    if (error instanceof RelearnError) throw error;
    throw new RelearnError("TemporalUnavailable", `Temporal does not answer at ${temporal.address}: start it with \`relearn up\`, or set TEMPORAL_ADDRESS`, { cause: error });
  }
}

/** Address and credentials, for client and worker connections alike. Left out, the SDK would take an API key to mean TLS, also where TEMPORAL_TLS says no. */
export function connectionOptions({ address, apiKey, tls }: TemporalSettings): { readonly address: string; readonly apiKey?: string; readonly tls: Tls | false } {
  if (address === null) throw new RelearnError("TemporalUnavailable", "there is no Temporal here: start it with `relearn up`, or set TEMPORAL_ADDRESS");
  return { address, ...(apiKey === null ? {} : { apiKey }), tls: tls === null ? false : readTls(tls) };
}

type Tls = Exclude<ConnectionOptions["tls"], boolean | null | undefined>;

function readTls({ serverName, caFile, certFile, keyFile }: NonNullable<TemporalSettings["tls"]>): Tls {
  return {
    ...(serverName === null ? {} : { serverNameOverride: serverName }),
    ...(caFile === null ? {} : { serverRootCACertificate: readFileSync(caFile) }),
    ...(certFile === null || keyFile === null ? {} : { clientCertPair: { crt: readFileSync(certFile), key: readFileSync(keyFile) } }),
  };
}

/** One converter for client, worker and workflow bundle. */
export function dataConverter({ root }: Pick<Settings, "root">): { readonly payloadConverterPath: string } {
  return { payloadConverterPath: payloadConverterPath(root) };
}

export function payloadConverterPath(root: string): string {
  const source = join(root, "workflows", "payload-converter.mjs");
  return existsSync(source) ? source : join(root, "dist", "workflows", "payload-converter.mjs");
}

export interface Stores {
  /** Relearn's own bucket. */
  readonly store: ObjectStore;
  openBucket(bucket: string): ObjectStore;
  close(): void;
}

/** @throws RelearnError `StoreUnavailable` when there is no S3 to connect to. */
export function openStores({ s3 }: Settings): Stores {
  if (s3.from === "local" && s3.endpoint === null) throw new RelearnError("StoreUnavailable", "there is no S3 here: start it with `relearn up`, or set RELEARN_S3_ENDPOINT");
  const open = new Map<string, S3Connection>();
  const openBucket = (bucket: string): ObjectStore => {
    const connection = open.get(bucket) ?? connectS3({ ...s3, bucket, ...(s3.credentials === null ? { credentials: undefined } : { credentials: s3.credentials }) });
    open.set(bucket, connection);
    return connection;
  };
  return { store: openBucket(s3.bucket), openBucket, close: () => open.forEach((connection) => connection.close()) };
}

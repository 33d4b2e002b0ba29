import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { readJson } from "../schemas/boundary.ts";
import { RelearnError } from "../schemas/failures.ts";
import { credentialsFile, localCredentials, type S3Credentials, type S3Settings } from "../schemas/settings.ts";
import { readIfThere, writePrivately } from "./home-file.ts";
import type { StartRequest } from "./owned-processes.ts";
import { selfSigned } from "./self-signed.ts";
import { bareEnvironment } from "./temporal-server.ts";

export const objectPorts = ["s3", "s3Grpc", "s3Master", "s3MasterGrpc", "s3Volume", "s3VolumeGrpc", "s3Filer", "s3FilerGrpc", "s3Admin"] as const;
export type ObjectPorts = Readonly<Record<(typeof objectPorts)[number], number>>;
/** SeaweedFS's maintenance worker looks for the admin server's gRPC port at this distance, whatever the flag says. */
export const adminGrpcDistance = 10_000;

/** The keys of this home's object store: random, made once, kept with mode 0600. There is no default secret. */
export function ensureLocalCredentials(home: string): S3Credentials {
  const path = credentialsFile(home);
  const text = readIfThere(path);
  if (text !== null) return readJson(localCredentials, text, path);
  const made = { version: 1 as const, accessKeyId: randomBytes(10).toString("hex"), secretAccessKey: randomBytes(30).toString("base64url") };
  writePrivately(path, `${JSON.stringify(made, null, 2)}\n`);
  return made;
}

/** Refuses a home that the local object store cannot be given, before any server is started for it. @throws RelearnError `SetupIncomplete` */
export function checkObjectHome(home: string): void {
  if (home.includes(",")) throw new RelearnError("SetupIncomplete", `the local object store takes a comma for a list of folders: set RELEARN_HOME to a folder without one, found ${home}`);
}

/** SeaweedFS in one process, loopback only, its state in `<home>/s3`; whoever has not the keys is refused. */
export function objectRequest(program: string, home: string, credentials: S3Credentials, ports: ObjectPorts): StartRequest {
  const data = join(home, "s3");
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const identities = join(home, "s3-identities.json");
  const owner = { name: "relearn", credentials: [{ accessKey: credentials.accessKeyId, secretKey: credentials.secretAccessKey }], actions: ["Admin", "Read", "Write", "List", "Tagging"] };
  writePrivately(identities, JSON.stringify({ identities: [owner] }));
  const flags = {
    dir: data,
    ip: "127.0.0.1",
    "ip.bind": "127.0.0.1",
    metricsIp: "127.0.0.1",
    webdav: false,
    // The master's pages would delete a whole bucket for whoever opens an address, a web page's picture too.
    disableHttp: true,
    "admin.ui": false,
    "master.telemetry": false,
    "s3.config": identities,
    "s3.iam": false,
    "s3.autoCreateBucket": false,
    "s3.port.iceberg": 0,
    "s3.port.lance": 0,
    // Every bucket grows several volumes; files grow as they are filled, so a generous number of them costs nothing.
    "master.volumeSizeLimitMB": 256,
    "volume.max": 2_000,
    "s3.port": ports.s3,
    "s3.port.grpc": ports.s3Grpc,
    "master.port": ports.s3Master,
    "master.port.grpc": ports.s3MasterGrpc,
    "volume.port": ports.s3Volume,
    "volume.port.grpc": ports.s3VolumeGrpc,
    "filer.port": ports.s3Filer,
    "filer.port.grpc": ports.s3FilerGrpc,
    "admin.port": ports.s3Admin,
    "admin.port.grpc": ports.s3Admin + adminGrpcDistance,
  };
  return { name: "s3", command: [program, "-logtostderr=true", "mini", ...Object.entries(flags).map(([flag, value]) => `-${flag}=${value}`)], env: { ...bareEnvironment(), ...signedInside(), ...certifiedInside(home) } };
}

/**
 * Behind S3, SeaweedFS talks to itself over HTTP, and would let any process of this machine and any web page read and write the bucket there: with keys that
 * only this start knows, nobody comes in but through S3.
 */
function signedInside(): Record<string, string> {
  const parts = ["SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ"];
  return Object.fromEntries(parts.map((part) => [`WEED_JWT_${part}_KEY`, randomBytes(32).toString("base64url")]));
}

/** Over gRPC the same: its parts take one another's calls, and nobody's who has not the key that this start made. */
function certifiedInside(home: string): Record<string, string> {
  const { certificate, key } = selfSigned("relearn");
  const [certificateFile, keyFile] = [join(home, "s3-certificate.pem"), join(home, "s3-key.pem")];
  writePrivately(certificateFile, certificate);
  writePrivately(keyFile, key);
  const parts = ["MASTER", "VOLUME", "FILER", "S3", "ADMIN", "WORKER", "CLIENT"].map((part) => `WEED_GRPC_${part}`);
  return { WEED_GRPC_CA: certificateFile, ...Object.fromEntries(parts.flatMap((part) => [[`${part}_CERT`, certificateFile], [`${part}_KEY`, keyFile]])) };
}

/** SeaweedFS makes a socket in /tmp for each of its ports, and leaves some there when it ends. */
export function removeSockets(ports: Partial<ObjectPorts>): void {
  const plain = { filer: ports.s3Filer, s3: ports.s3 };
  const grpc = { admin: ports.s3Admin === undefined ? undefined : ports.s3Admin + adminGrpcDistance, filer: ports.s3FilerGrpc, master: ports.s3MasterGrpc, s3: ports.s3Grpc, volume: ports.s3VolumeGrpc };
  const names = [...Object.entries(plain).map(([part, port]) => `${part}-${port}`), ...Object.entries(grpc).map(([part, port]) => `${part}-grpc-${port}`)];
  for (const name of names) rmSync(`/tmp/seaweedfs-${name}.sock`, { force: true });
}

/**
 * Waits until the object store answers and the bucket takes a write; makes the bucket where it is missing.
 * @param died called between tries; throws when the server's process has ended
 * @throws RelearnError `StoreUnavailable` or `StoreRefused`
 */
export async function readyObjects(s3: S3Settings, options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined; readonly died?: () => void }): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  const client = await s3Client(s3);
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      options.died?.();
      const failure = await tryBucket(client, s3);
      if (failure === null) return;
      if (Date.now() > deadline || isFinal(failure, s3)) throw asRelearnError(failure, s3);
      await sleep(100);
    }
  } finally {
    client.destroy();
  }
}

/** Makes a bucket, and waits until its first write works; a bucket that is there already is fine. */
export async function makeBucket(s3: S3Settings, bucket: string): Promise<void> {
  await readyObjects({ ...s3, bucket }, { timeoutMs: 20_000 });
}

/** A copy that the SDK may write into, without the key that an exact optional type refuses. */
function sdkCredentials({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials): { accessKeyId: string; secretAccessKey: string; sessionToken?: string } {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

async function s3Client(s3: S3Settings): Promise<S3Client> {
  // The SDK's notice about the next Node versions would go to every command's stderr.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const { S3Client } = await import("@aws-sdk/client-s3");
  const credentials = s3.credentials === null ? {} : { credentials: sdkCredentials(s3.credentials) };
  return new S3Client({ region: s3.region, forcePathStyle: true, maxAttempts: 1, ...(s3.endpoint === null ? {} : { endpoint: s3.endpoint }), ...credentials });
}

async function tryBucket(client: S3Client, s3: S3Settings): Promise<Error | null> {
  const { CreateBucketCommand, DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } = await import("@aws-sdk/client-s3");
  const abortSignal = AbortSignal.timeout(5_000);
  const bucket = { Bucket: s3.bucket };
  try {
    // A list and not a head: only a reply with a body says what was wrong.
    const missing = await client.send(new ListObjectsV2Command({ ...bucket, MaxKeys: 1 }), { abortSignal }).then(() => false, (error: Failure) => {
      if (error.$metadata?.httpStatusCode === 404) return true;
      throw error;
    });
    if (missing) await client.send(new CreateBucketCommand(bucket), { abortSignal });
    const probe = { ...bucket, Key: `.relearn-probe/${process.pid}-${randomBytes(4).toString("hex")}` };
    await client.send(new PutObjectCommand({ ...probe, Body: new Uint8Array([10]) }), { abortSignal });
    await client.send(new DeleteObjectCommand(probe), { abortSignal });
    return null;
  } catch (error) {
    return error as Error;
  }
}

type Failure = Error & { readonly $metadata?: { readonly httpStatusCode?: number } };

/** A store that was named in the environment and says no will go on saying no; our own may still be starting. */
function isFinal(failure: Failure, s3: S3Settings): boolean {
  const status = failure.$metadata?.httpStatusCode ?? 0;
  return s3.from === "environment" && status >= 400 && status < 500;
}

function asRelearnError(failure: Failure, s3: S3Settings): RelearnError {
  const where = `S3 at ${s3.endpoint ?? `AWS (${s3.region})`}, bucket ${s3.bucket}`;
  const said = `${failure.name}: ${failure.message}`;
  const hint = s3.from === "environment" ? "; check RELEARN_S3_ENDPOINT, RELEARN_S3_BUCKET and the AWS_* variables" : "";
  const refused = isFinal(failure, s3);
  return new RelearnError(refused ? "StoreRefused" : "StoreUnavailable", `${where} ${refused ? "refused" : "did not take a write"} (${said})${hint}`, { cause: failure });
}

import { existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve, sep } from "node:path";
import { z } from "zod";
import { readJson } from "./boundary.ts";
import { RelearnError } from "./failures.ts";
import { installationRoot } from "./installation-root.ts";
import { stack, type Stack } from "./stack.ts";

export interface TemporalSettings {
  /** `environment`: a server that runs already, nothing is started for it. `local`: Relearn's own dev server. */
  readonly from: "environment" | "local";
  /** host:port; null while the local stack is down. */
  readonly address: string | null;
  readonly namespace: string;
  /** Address of Temporal UI; null when unknown. */
  readonly ui: string | null;
  readonly apiKey: string | null;
  /** Null: plain text. Paths are absolute. */
  readonly tls: { readonly serverName: string | null; readonly caFile: string | null; readonly certFile: string | null; readonly keyFile: string | null } | null;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface S3Settings {
  readonly from: "environment" | "local";
  /** Null: AWS itself, or (with `from: "local"`) the local stack is down. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly bucket: string;
  /** Null: the AWS SDK's own chain (profile, instance role). */
  readonly credentials: S3Credentials | null;
}

export interface Settings {
  /** Folder of Relearn's own package.json: the checkout, or the folder under node_modules. */
  readonly root: string;
  /** Local state: servers' data, logs, processes.json, stack.json, keys. */
  readonly home: string;
  readonly temporal: TemporalSettings;
  readonly s3: S3Settings;
  readonly predictionLog: {
    /** Whether predictions are kept at all; feedback is in any case. */
    readonly kept: boolean;
    /** Answer a prediction only once its record is on this machine's disk. */
    readonly durable: boolean;
    /** Most bytes that may wait on this machine for the object store, a model. */
    readonly maxBytes: number;
  };
  readonly python: {
    /** Absolute path, or a name on PATH. */
    readonly executable: string;
    /** Goes on top of the environment of every Python process: LD_LIBRARY_PATH where the system has no libgomp, quiet OpenMP threads. */
    readonly environment: Readonly<Record<string, string>>;
  };
}

export { installationRoot };

export type Environment = Readonly<Record<string, string | undefined>>;

/** `<home>/s3-credentials.json`, mode 0600: keys of the local object store, made at its first start. */
export const localCredentials = z.strictObject({ version: z.literal(1), accessKeyId: z.string().min(16), secretAccessKey: z.string().min(32) });

export const stackFile = (home: string): string => join(home, "stack.json");
export const credentialsFile = (home: string): string => join(home, "s3-credentials.json");

/**
 * Reads the environment once. What it leaves open comes from `<home>/stack.json`, when the local stack has been started.
 * @throws RelearnError `InvalidInput` that lists every problem at once; secrets are never shown.
 */
export function loadSettings(env: Environment): Settings {
  const read = reader(env);
  const root = installationRoot();
  const home = read.path("RELEARN_HOME") ?? defaultHome(root);
  // DuckDB reads what lies in it, and takes these for patterns: a home called `state?` would read the rows of `state1` beside it as well.
  if (/[*?[\p{Cc}]/u.test(home)) read.problems.push(`RELEARN_HOME: must be a folder without *, ?, [ or control characters in its path, found ${JSON.stringify(home)}`);
  // The kernel's own folders take no files, and making one there never ends.
  if (/^\/(proc|sys)(\/|$)/.test(home)) read.problems.push(`RELEARN_HOME: must be a folder that can hold files, found ${JSON.stringify(home)}`);
  const local = readStack(home, read.problems);
  const settings: Settings = { root, home, temporal: temporalSettings(read, local), s3: s3Settings(read, home, local), predictionLog: predictionLogSettings(read), python: pythonSettings(read, env, root) };
  refuseProblems(read);
  return deepFreeze(settings);
}

/** @throws RelearnError `InvalidInput` that lists every problem at once. */
export function refuseProblems({ problems }: Reader): void {
  if (problems.length > 0) throw new RelearnError("InvalidInput", `the environment is not valid:\n${problems.map((line) => `  ${line}`).join("\n")}`);
}

/** What a child process needs in its environment to arrive at the same settings. Holds secrets: never log it. */
export function environmentOf(settings: Settings): Record<string, string> {
  const { temporal, s3 } = settings;
  const given: Record<string, string | null | undefined> = {
    RELEARN_HOME: settings.home,
    RELEARN_PYTHON: settings.python.executable,
    RELEARN_LOG_PREDICTIONS: String(settings.predictionLog.kept),
    RELEARN_LOG_DURABLE: String(settings.predictionLog.durable),
    RELEARN_LOG_MAX_MB: String(Math.round(settings.predictionLog.maxBytes / 2 ** 20)),
    ...(temporal.from === "environment" ? temporalEnvironment(temporal) : {}),
    TEMPORAL_NAMESPACE: temporal.namespace,
    ...(s3.from === "environment" ? { RELEARN_S3_ENDPOINT: s3.endpoint ?? "aws", AWS_REGION: s3.region } : {}),
    ...(s3.from === "environment" ? { AWS_ACCESS_KEY_ID: s3.credentials?.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.credentials?.secretAccessKey, AWS_SESSION_TOKEN: s3.credentials?.sessionToken } : {}),
    RELEARN_S3_BUCKET: s3.bucket,
  };
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function temporalEnvironment({ address, apiKey, ui, tls }: TemporalSettings): Record<string, string | null | undefined> {
  return {
    TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: apiKey, TEMPORAL_UI_URL: ui, TEMPORAL_TLS: String(tls !== null), TEMPORAL_TLS_SERVER_NAME: tls?.serverName,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: tls?.caFile, TEMPORAL_TLS_CLIENT_CERT_PATH: tls?.certFile, TEMPORAL_TLS_CLIENT_KEY_PATH: tls?.keyFile,
  };
}

/** Reads one environment, variable by variable, and keeps every problem for one message. */
export interface Reader {
  readonly problems: string[];
  text(name: string): string | null;
  /** What stands between commas or spaces; empty when unset. */
  list(name: string): readonly string[];
  path(name: string): string | null;
  checked(name: string, pattern: RegExp, must: string): string | null;
}

/** An empty variable counts as unset, as in most shells' scripts. */
export function reader(env: Environment): Reader {
  const problems: string[] = [];
  const text = (name: string): string | null => env[name]?.trim() || null;
  return {
    problems,
    text,
    list: (name) => (text(name) ?? "").split(/[\s,]+/).filter((part) => part !== ""),
    path: (name) => (text(name) === null ? null : resolve(text(name)!)),
    checked(name, pattern, must) {
      const value = text(name);
      if (value === null || pattern.test(value)) return value;
      problems.push(`${name}: ${must}, found ${JSON.stringify(withoutPassword(value).slice(0, 120))}`);
      return null;
    },
  };
}

/** Whatever stands before an @ may be a password. */
const withoutPassword = (value: string): string => value.replace(/^([a-z]+:\/\/)?.*@/i, "$1***@");

function temporalSettings(read: Reader, local: Stack | null): TemporalSettings {
  const address = read.checked("TEMPORAL_ADDRESS", /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/, "must be host:port such as 127.0.0.1:7233");
  const apiKey = read.text("TEMPORAL_API_KEY");
  const common = { apiKey, tls: tlsSettings(read, apiKey) };
  const named = read.text("TEMPORAL_NAMESPACE");
  if (address !== null) return { from: "environment", address, namespace: named ?? "default", ui: read.checked("TEMPORAL_UI_URL", /^https?:\/\/[^\s@]+$/, "must be an http or https address without a user or a password"), ...common };
  return { from: "local", address: local?.temporal.address ?? null, namespace: named ?? local?.temporal.namespace ?? "default", ui: local?.temporal.ui ?? null, apiKey: null, tls: null };
}

/** The variables of Temporal's own CLI and SDKs. */
function tlsSettings(read: Reader, apiKey: string | null): TemporalSettings["tls"] {
  const tls = {
    serverName: read.text("TEMPORAL_TLS_SERVER_NAME"),
    caFile: existing(read, "TEMPORAL_TLS_SERVER_CA_CERT_PATH"),
    certFile: existing(read, "TEMPORAL_TLS_CLIENT_CERT_PATH"),
    keyFile: existing(read, "TEMPORAL_TLS_CLIENT_KEY_PATH"),
  };
  if ((tls.certFile === null) !== (tls.keyFile === null)) read.problems.push("TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: set both or neither");
  const asked = read.checked("TEMPORAL_TLS", /^(true|false|1|0)$/, "must be true or false");
  if (asked === "false" || asked === "0") return null;
  return asked !== null || apiKey !== null || Object.values(tls).some((value) => value !== null) ? tls : null;
}

function existing(read: Reader, name: string): string | null {
  const path = read.path(name);
  if (path !== null && !existsSync(path)) read.problems.push(`${name}: there is no file ${path}`);
  return path;
}

function s3Settings(read: Reader, home: string, local: Stack | null): S3Settings {
  const endpoint = read.checked("RELEARN_S3_ENDPOINT", /^(https?:\/\/[^\s/@]+\/?|aws)$/, "must be an address such as http://127.0.0.1:8333 without a path, a user or a password, or `aws`");
  const bucket = read.checked("RELEARN_S3_BUCKET", /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be a bucket name: 3 to 63 lower-case letters, digits, dots or hyphens");
  const region = read.text("AWS_REGION") ?? read.text("AWS_DEFAULT_REGION") ?? "us-east-1";
  const given = givenCredentials(read);
  if (endpoint !== null) return { from: "environment", endpoint: endpoint === "aws" ? null : endpoint.replace(/\/$/, ""), region, bucket: bucket ?? "relearn", credentials: given };
  return { from: "local", endpoint: local?.s3.endpoint ?? null, region: local?.s3.region ?? "us-east-1", bucket: bucket ?? local?.s3.bucket ?? "relearn", credentials: readLocalCredentials(home, read.problems) };
}

function givenCredentials(read: Reader): S3Credentials | null {
  const accessKeyId = read.text("AWS_ACCESS_KEY_ID");
  const secretAccessKey = read.text("AWS_SECRET_ACCESS_KEY");
  if ((accessKeyId === null) !== (secretAccessKey === null)) read.problems.push("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set both or neither");
  if (accessKeyId === null || secretAccessKey === null) return null;
  return { accessKeyId, secretAccessKey, sessionToken: read.text("AWS_SESSION_TOKEN") ?? undefined };
}

function predictionLogSettings(read: Reader): Settings["predictionLog"] {
  const [kept, durable] = ["RELEARN_LOG_PREDICTIONS", "RELEARN_LOG_DURABLE"].map((name) => read.checked(name, /^(true|false|1|0)$/, "must be true or false"));
  const megabytes = read.checked("RELEARN_LOG_MAX_MB", /^[1-9]\d{0,6}$/, "must be a whole number of megabytes");
  return { kept: kept !== "false" && kept !== "0", durable: durable === "true" || durable === "1", maxBytes: Number(megabytes ?? 1_024) * 2 ** 20 };
}

function pythonSettings(read: Reader, env: Environment, root: string): Settings["python"] {
  const venv = join(root, ".venv", "bin", "python");
  const libgomp = join(root, ".venv", "libgomp");
  const path = [libgomp, env["LD_LIBRARY_PATH"]].filter(Boolean).join(delimiter);
  return {
    executable: read.text("RELEARN_PYTHON") ?? (existsSync(venv) ? venv : "python3"),
    environment: { OMP_WAIT_POLICY: "PASSIVE", ...(existsSync(libgomp) ? { LD_LIBRARY_PATH: path } : {}) },
  };
}

/** The state of the local stack; null when it has never been started in this home. */
export function readStack(home: string, problems: string[] = []): Stack | null {
  return readHomeFile(stackFile(home), stack, problems);
}

function readLocalCredentials(home: string, problems: string[]): S3Credentials | null {
  const found = readHomeFile(credentialsFile(home), localCredentials, problems);
  return found === null ? null : { accessKeyId: found.accessKeyId, secretAccessKey: found.secretAccessKey };
}

function readHomeFile<S extends z.ZodType>(path: string, schema: S, problems: string[]): z.output<S> | null {
  try {
    if (!statSync(path).isFile()) throw new Error("is no file: move it away");
    return readJson(schema, readFileSync(path, "utf8"), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    problems.push(error instanceof RelearnError ? `${path} is not readable as Relearn's own state: move it away, then \`relearn up\` writes it anew` : `${path}: ${(error as Error).message}`);
    return null;
  }
}

/** Beside a checkout's package.json; an installed package keeps its state where it is used. */
function defaultHome(root: string): string {
  const installed = isAbsolute(root) && root.split(sep).includes("node_modules");
  return join(installed ? process.cwd() : root, ".relearn");
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

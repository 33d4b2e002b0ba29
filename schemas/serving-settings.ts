import { name } from "./names.ts";
import { type Environment, reader, type Reader, refuseProblems } from "./settings.ts";
import { readTrustKeys } from "./trust-keys.ts";

/** What a serving process reads beside `Settings`. */
export interface ServingSettings {
  /** Null: every model that has a log. */
  readonly models: readonly string[] | null;
  /** The address it listens on. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Public keys (SPKI DER in base64) whose signatures count, beside this installation's own. */
  readonly trustKeys: readonly string[];
  /** What the fetched models of one name may take on the disk, in bytes. */
  readonly cacheBytes: number;
}

/** @throws RelearnError `InvalidInput` that lists every problem at once. */
export function loadServingSettings(env: Environment): ServingSettings {
  const read = reader(env);
  const port = read.checked("RELEARN_SERVE_PORT", /^\d{1,5}$/, "must be a port number, or 0 for any that is free");
  const megabytes = read.checked("RELEARN_SERVE_CACHE_MB", /^[1-9]\d{0,8}$/, "must be a number of megabytes such as 4096");
  const settings: ServingSettings = Object.freeze({
    models: models(read), host: read.checked("RELEARN_SERVE_HOST", /^[A-Za-z0-9.:_-]{1,253}$/, "must be an address to listen on, such as 127.0.0.1") ?? "127.0.0.1",
    port: Number(port ?? 8080), trustKeys: readTrustKeys(read), cacheBytes: Number(megabytes ?? 4_096) * 2 ** 20,
  });
  if (settings.port > 65_535) read.problems.push(`RELEARN_SERVE_PORT: must be at most 65535, found ${settings.port}`);
  refuseProblems(read);
  return settings;
}

function models(read: Reader): readonly string[] | null {
  const names = [...new Set(read.list("RELEARN_SERVE_MODELS"))];
  for (const one of names.filter((one) => !name.safeParse(one).success)) read.problems.push(`RELEARN_SERVE_MODELS: must be names of models with commas between them, such as flights,rides; found ${JSON.stringify(one.slice(0, 120))}`);
  return names.length === 0 ? null : names;
}

/** Where a server that listens there is asked from this machine. */
export function urlOf(host: string, port: number): string {
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}`;
}

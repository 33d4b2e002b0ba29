import { type Environment, reader, refuseProblems } from "./settings.ts";

/** The database of labels. `url` holds its password: it is never shown; `shown` may be. */
export interface PostgresAddress { readonly url: string; readonly shown: string }

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|)$/;
const modes = ["disable", "verify-ca", "verify-full"];

/**
 * What RELEARN_POSTGRES_URL names; null where it is unset. Beyond this machine the server must prove who it is, unless `sslmode=disable` says otherwise.
 * @throws RelearnError `InvalidInput` that shows no password
 */
export function postgresAddress(env: Environment): PostgresAddress | null {
  const read = reader(env);
  const text = read.text("RELEARN_POSTGRES_URL");
  if (text === null) return null;
  const url = URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol) ? new URL(text) : null;
  if (url === null) read.problems.push("RELEARN_POSTGRES_URL: must be an address such as postgres://reader:password@db.example:5432/shop");
  const mode = url?.searchParams.get("sslmode") ?? null;
  if (mode !== null && !modes.includes(mode)) read.problems.push(`RELEARN_POSTGRES_URL: sslmode must be one of ${modes.join(", ")}, found ${JSON.stringify(mode.slice(0, 40))}: the others do not prove who answers`);
  refuseProblems(read);
  return addressOf(url as URL, mode);
}

function addressOf(url: URL, mode: string | null): PostgresAddress {
  if (mode === null && !loopback.test(url.hostname)) url.searchParams.set("sslmode", "verify-full");
  return { url: url.href, shown: `${url.host || "a local socket"}${url.pathname}` };
}

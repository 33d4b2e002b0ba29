import { existsSync } from "node:fs";
import { type Environment, reader, refuseProblems } from "./settings.ts";

/** The database of labels. `url` holds its password: it is never shown; `shown` may be. */
export interface PostgresAddress { readonly url: string; readonly shown: string }

/** This machine, also by a socket in a folder (`%2Fvar%2Frun%2Fpostgresql`). */
const here = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|%2f.*)$/i;
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
  const problems = url === null ? ["must be an address such as postgres://reader:password@db.example:5432/shop"] : problemsOf(url);
  read.problems.push(...problems.map((problem) => `RELEARN_POSTGRES_URL: ${problem}`));
  refuseProblems(read);
  return addressOf(url as URL);
}

/** The driver takes a host from more places than one: who must prove who it is, is settled by the one that is looked at here. */
function problemsOf({ hostname, searchParams }: URL): string[] {
  const files = ["sslrootcert", "sslcert", "sslkey"].flatMap((name) => searchParams.getAll(name).map((path) => ({ name, path })));
  const odd = searchParams.getAll("sslmode").find((mode) => !modes.includes(mode));
  return [
    ...(hostname === "" ? ["must name a host, such as localhost, or %2Fvar%2Frun%2Fpostgresql for the socket in that folder"] : []),
    ...(searchParams.has("host") ? ["must name its host before the path, and not as the parameter host"] : []),
    ...(odd === undefined ? [] : [`sslmode must be one of ${modes.join(", ")}, found ${JSON.stringify(odd.slice(0, 40))}: the others do not prove who answers`]),
    ...files.filter(({ path }) => !existsSync(path)).map(({ name, path }) => `${name}: there is no file ${path}`),
  ];
}

function addressOf(url: URL): PostgresAddress {
  if (!url.searchParams.has("sslmode") && !here.test(url.hostname)) url.searchParams.set("sslmode", "verify-full");
  return { url: url.href, shown: `${url.host}${url.pathname}` };
}

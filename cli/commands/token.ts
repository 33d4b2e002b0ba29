import { readIfThere, writePrivately } from "../../infra/home-file.ts";
import { counted } from "../../policy/counted.ts";
import { readAs, readJson } from "../../schemas/boundary.ts";
import { RelearnError } from "../../schemas/failures.ts";
import { loadHttpSettings } from "../../schemas/http-settings.ts";
import { createToken, type TokenEntry, tokenEntry, tokensFile } from "../../serving/http/tokens.ts";
import type { Cli } from "../support/cli.ts";

/** Lets a caller in: the token is shown this once, the file keeps its hash. A second one of a name lets it be changed without a gap. */
export async function create(cli: Cli, name: string, options: { readonly scopes: string; readonly expires?: string }): Promise<void> {
  const path = fileOf(cli);
  const scopes = options.scopes.split(",").map((scope) => scope.trim());
  const wanted = readAs(tokenEntry.unwrap().omit({ sha256: true }), { name, scopes, ...(options.expires === undefined ? {} : { expires: options.expires }) }, "the token");
  const { token, entry } = createToken(wanted);
  writePrivately(path, textOf([...entriesOf(path), entry]));
  cli.give({ token, ...entry }, `${token}\n${cli.style.dim(`for ${name}: ${scopes.join(", ")}; it is shown this once. Callers send it as Authorization: Bearer TOKEN`)}`);
}

/** Who is let in; no token can be had from it. */
export async function list(cli: Cli): Promise<void> {
  const entries = entriesOf(fileOf(cli));
  cli.give(entries, entries.length === 0 ? "no tokens yet" : entries.map(({ name, sha256, scopes, expires }) => `${name}  ${sha256.slice(0, 12)}  ${scopes.join(", ")}${expires === undefined ? "" : `  until ${expires}`}`).join("\n"));
}

/** Takes tokens back, by their name or the first digits of their hash; servers refuse them within a second. */
export async function revoke(cli: Cli, which: string): Promise<void> {
  const path = fileOf(cli);
  const entries = entriesOf(path);
  const gone = entries.filter(({ name, sha256 }) => name === which || (/^[0-9a-f]{12,64}$/.test(which) && sha256.startsWith(which)));
  if (gone.length === 0) throw new RelearnError("NotFound", `no token is called ${which} or has a hash that begins so: relearn token list shows them`);
  writePrivately(path, textOf(entries.filter((entry) => !gone.includes(entry))));
  cli.give(gone, `${counted(gone.length, "token is", "tokens are")} taken back`);
}

function fileOf({ env }: Cli): string {
  const { tokensFile: path } = loadHttpSettings(env);
  if (path === null) throw new RelearnError("InvalidInput", "RELEARN_TOKENS_FILE is not set: name the file that the server reads, such as /etc/relearn/tokens.json");
  return path;
}

function entriesOf(path: string): readonly TokenEntry[] {
  const text = readIfThere(path);
  return text === null ? [] : readJson(tokensFile, text, path);
}

const textOf = (entries: readonly TokenEntry[]): string => `${JSON.stringify(entries, null, 2)}\n`;

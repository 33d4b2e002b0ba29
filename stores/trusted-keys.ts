import { existsSync } from "node:fs";
import { publicKeyOf, readSigningKey, signingKeyFile } from "./signing.ts";

/** Public keys whose signatures count here: this installation's own, where it has one, and those that are named. Looking changes nothing: a home without a key gets none. */
export async function trustedKeys(home: string, named: readonly string[]): Promise<string[]> {
  const file = signingKeyFile(home);
  return [...(existsSync(file) ? [publicKeyOf(await readSigningKey(file))] : []), ...named];
}

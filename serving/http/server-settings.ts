import type { HttpSettings } from "../../schemas/http-settings.ts";
import { defaultLimits } from "./limits.ts";
import type { ServerSettings } from "./server.ts";
import { openTokens } from "./tokens.ts";

/**
 * What the environment says, as the server takes it.
 * @param report told when a tokens file that was changed can no longer be read.
 * @throws RelearnError `InvalidInput` where the tokens file cannot be read.
 */
export function serverSettings({ tokensFile, origins, ...limits }: HttpSettings, at: { readonly host: string; readonly port: number }, report: (reason: string) => void): ServerSettings {
  const { bodyBytes, rows, timeoutMs, connections } = limits;
  return { ...at, origins, tokens: tokensFile === null ? null : openTokens(tokensFile, report), limits: { ...defaultLimits, bodyBytes, rows, timeoutMs, connections, stalledMs: defaultLimits.stalledMs + timeoutMs } };
}

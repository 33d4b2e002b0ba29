import { type Environment, reader, refuseProblems } from "./settings.ts";

/** What the gateway's process reads beside `Settings`. */
export interface GatewaySettings {
  /** The address it listens on. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** File of the systems that may send alarms; null: whoever has this home's own token. */
  readonly sendersFile: string | null;
  /** Header in which Grafana says when it signed, in lower case; null: it signs the body alone. */
  readonly grafanaTimestampHeader: string | null;
}

/** @throws RelearnError `InvalidInput` that lists every problem at once. */
export function loadGatewaySettings(env: Environment): GatewaySettings {
  const read = reader(env);
  const settings: GatewaySettings = Object.freeze({
    host: read.checked("RELEARN_GATEWAY_HOST", /^[A-Za-z0-9.:_-]{1,253}$/, "must be an address to listen on, such as 127.0.0.1") ?? "127.0.0.1",
    port: Number(read.checked("RELEARN_GATEWAY_PORT", /^\d{1,5}$/, "must be a port number, or 0 for any that is free") ?? 8090),
    sendersFile: read.path("RELEARN_WEBHOOK_TOKENS_FILE"),
    grafanaTimestampHeader: read.checked("RELEARN_GRAFANA_TIMESTAMP_HEADER", /^[A-Za-z0-9-]{1,100}$/, "must be the name of a header")?.toLowerCase() ?? null,
  });
  if (settings.port > 65_535) read.problems.push(`RELEARN_GATEWAY_PORT: must be at most 65535, found ${settings.port}`);
  refuseProblems(read);
  return settings;
}

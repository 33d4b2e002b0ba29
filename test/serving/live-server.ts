import pino, { type Logger } from "pino";
import { expect, vi } from "vitest";
import type { Settings } from "../../schemas/settings.ts";
import { loadServerSettings, openServer } from "../../serving/open-server.ts";
import { openServingLogs } from "../../serving/prediction-spool/open-logs.ts";
import type { RunningServer } from "../../serving/serve.ts";

/** A server of real parts, to which this machine's callers talk over HTTP. */
export interface LiveServer extends RunningServer {
  /** Sends JSON. @returns the answer, which must be a 200 */
  post<T>(path: string, body: unknown): Promise<T>;
  /** Ends it; then all that it was asked and told lies in the bucket. */
  closeShipped(): Promise<void>;
}

/** @param trust public keys that its models may be signed with, beside this home's own. Returns once each model's champion answers. */
export async function openLiveServer(settings: Settings, trust = "", log: Logger = pino({ level: "silent" })): Promise<LiveServer> {
  const server = await openServer(settings, loadServerSettings({ RELEARN_SERVE_PORT: "0", RELEARN_TRUST_KEYS: trust }), log);
  await vi.waitFor(async () => expect((await fetch(`${server.url}/v2/health/ready`)).status).toBe(200), { timeout: 20_000 });
  return {
    ...server,
    post: async <T>(path: string, body: unknown) => {
      const reply = await fetch(`${server.url}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      expect(reply.status, await reply.clone().text()).toBe(200);
      return (await reply.json()) as T;
    },
    closeShipped: async () => {
      await server.close();
      // On a busy machine its end may not have waited for all of it.
      const rest = await openServingLogs(settings);
      expect(await rest.shipping.shipAll()).toBe(true);
      await rest.close();
    },
  };
}

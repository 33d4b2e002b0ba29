import { Client, Connection } from "@temporalio/client";
import pino from "pino";
import { openGateway } from "../../gateway/open-gateway.ts";
import { temporalRetraining } from "../../gateway/retraining.ts";
import { ensureWebhookToken } from "../../gateway/webhook-token.ts";
import { loadGatewaySettings } from "../../schemas/gateway-settings.ts";
import { watchParent } from "../../schemas/parent-watch.ts";
import { connectionOptions, dataConverter, openStores, taskQueue } from "../../workers/connect.ts";
import { retriesThatEnd } from "../../workers/retries-that-end.ts";
import type { Cli } from "../support/cli.ts";
import { interruptible } from "../support/interrupt.ts";

interface GatewayOptions {
  readonly host?: string;
  readonly port?: string;
  readonly withParent?: boolean;
}

/** Takes alarms from other systems until it is interrupted; then it answers what it was asked and ends. It starts also while Temporal is away, and says so to whoever sends. */
export async function gateway(cli: Cli, { host, port, withParent }: GatewayOptions): Promise<void> {
  const settings = await cli.settings();
  const wanted = loadGatewaySettings({ ...cli.env, ...(host === undefined ? {} : { RELEARN_GATEWAY_HOST: host }), ...(port === undefined ? {} : { RELEARN_GATEWAY_PORT: port }) });
  const log = pino({ name: "relearn-gateway" }, cli.surroundings.stderr);
  const connection = Connection.lazy({ ...connectionOptions(settings.temporal), interceptors: retriesThatEnd() });
  const stores = openStores(settings);
  await interruptible(cli, async (signal) => {
    const client = new Client({ connection, namespace: settings.temporal.namespace, dataConverter: dataConverter(settings) });
    const running = await openGateway({
      settings: wanted, token: await ensureWebhookToken(settings.home), store: stores.store, retraining: temporalRetraining({ client, connection }, taskQueue),
      report: (error) => log.error({ error: (error as Error).message }, "a request failed"),
    });
    cli.give({ url: running.url }, `takes alarms at ${running.url}/v1/hooks/`);
    cli.say(cli.style.dim("Ctrl-C ends it after its last reply"));
    const alive = setInterval(() => undefined, 60_000);
    await new Promise<void>((resolve) => {
      if (withParent === true) watchParent(cli.surroundings.stdin, resolve);
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    clearInterval(alive);
    await running.close();
  });
  stores.close();
  await connection.close();
}

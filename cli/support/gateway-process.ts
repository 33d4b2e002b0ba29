import { noteServing } from "../../infra/local-stack.ts";
import { loadGatewaySettings } from "../../schemas/gateway-settings.ts";
import { type Environment, readStack, type Settings } from "../../schemas/settings.ts";
import { ensureWebhookToken } from "../../gateway/webhook-token.ts";
import { ensureListening, type ListeningProcess } from "./listening-process.ts";
import type { WorkerLife } from "./worker-process.ts";

/** The gateway of this home: kept where it runs, else started; returns once it answers. @throws RelearnError `SetupIncomplete` */
export async function ensureGateway(settings: Settings, env: Environment, signal: AbortSignal, life: WorkerLife): Promise<ListeningProcess> {
  const webhookToken = await ensureWebhookToken(settings.home);
  return ensureListening({
    name: "gateway", program: ["cli/main.js", "gateway"], port: "gateway", portVariable: "RELEARN_GATEWAY_PORT", given: /^(RELEARN_|TEMPORAL_|AWS_)/, livePath: "/healthz",
    files: { RELEARN_WEBHOOK_TOKENS_FILE: loadGatewaySettings(env).sendersFile }, hostOf: (given) => loadGatewaySettings(given).host,
    known: () => readStack(settings.home)?.gateway?.url, note: (url) => noteServing(settings.home, { gateway: { url, webhookToken } }),
  }, { settings, env, signal, life });
}

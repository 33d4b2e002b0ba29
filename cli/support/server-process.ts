import { noteServing } from "../../infra/local-stack.ts";
import { loadHttpSettings } from "../../schemas/http-settings.ts";
import { loadServingSettings } from "../../schemas/serving-settings.ts";
import { type Environment, readStack, type Settings } from "../../schemas/settings.ts";
import { answersAt, ensureListening, type ListeningProcess } from "./listening-process.ts";
import type { WorkerLife } from "./worker-process.ts";

/** The server of this home: kept where it runs, else started; returns once it answers. It needs S3 and no Temporal, so it gets no key of that one. @throws RelearnError `SetupIncomplete` */
export async function ensureServer(settings: Settings, env: Environment, signal: AbortSignal, life: WorkerLife): Promise<ListeningProcess> {
  return ensureListening({
    name: "server", program: ["serving/main.js"], port: "serving", portVariable: "RELEARN_SERVE_PORT", given: /^(RELEARN_|AWS_|OMP_)/, livePath: "/v2/health/live",
    files: { RELEARN_TOKENS_FILE: loadHttpSettings(env).tokensFile }, hostOf: (given) => loadServingSettings(given).host,
    known: () => readStack(settings.home)?.serving?.url, note: (url) => noteServing(settings.home, { serving: { url } }),
  }, { settings, env, signal, life });
}

/** Whether a server answers at an address. */
export const isLive = (url: string): Promise<boolean> => answersAt(`${url}/v2/health/live`);

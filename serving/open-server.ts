import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { ModelContract } from "../inference/contract.ts";
import { startModelProcess } from "../inference/model-process.ts";
import type { FeedbackRecord } from "../schemas/feedback.ts";
import { loadHttpSettings, type HttpSettings } from "../schemas/http-settings.ts";
import { loadServingSettings, type ServingSettings } from "../schemas/serving-settings.ts";
import type { Environment, Settings } from "../schemas/settings.ts";
import { loggedNames } from "../schemas/source.ts";
import { openPredictionKey } from "../stores/prediction-key.ts";
import { predictionIds } from "../stores/prediction-ids.ts";
import { feedbackFrom } from "./feedback.ts";
import { makeMetrics, type Metrics } from "./http/metrics.ts";
import { serverSettings } from "./http/server-settings.ts";
import { startServer } from "./http/server.ts";
import { openServingStore } from "./open-store.ts";
import { showLogs } from "./prediction-spool/log-metrics.ts";
import { openServingLogs, type ServingLogs } from "./prediction-spool/open-logs.ts";
import { serve, type Front, type RunningServer } from "./serve.ts";
import type { ServedModels } from "./served-model.ts";

export interface ServerSettings {
  readonly serving: ServingSettings;
  readonly http: HttpSettings;
}

/** @throws RelearnError `InvalidInput` that lists every problem at once. */
export const loadServerSettings = (env: Environment): ServerSettings => ({ serving: loadServingSettings(env), http: loadHttpSettings(env) });

/** The real parts of a server: S3, processes of models, HTTP, and the log of predictions. It needs no Temporal. */
export async function openServer(settings: Settings, { serving, http }: ServerSettings, log: Logger): Promise<RunningServer> {
  const store = openServingStore(settings);
  const ids = predictionIds(await openPredictionKey(store, settings.home));
  const logs = await openServingLogs(settings, { tell: (problem) => log.warn({ problem }, "predictions wait on this host") });
  const metricsOf = (models: ServedModels): Metrics => {
    const metrics = makeMetrics(models);
    showLogs(metrics.registry, logs);
    return metrics;
  };
  const openFront = async (models: ServedModels): Promise<Front> => startServer({
    models, ids, log: logs.log, metrics: metricsOf(models), version: await installedVersion(settings),
    feedback: feedbackFrom({ ids, models: () => models.list().map(({ name }) => name), contracts: (model) => models.find(model)?.versions() ?? [], keep: keepAndCount(logs, models), now: Date.now }),
    extras: extrasOf,
    settings: serverSettings(http, { host: serving.host, port: serving.port }, (reason) => log.error({ reason }, "the tokens cannot be read: nobody is let in")),
    report: (error) => log.error({ error: (error as Error).message }, "a request failed"),
  });
  try {
    const server = await serve({ settings, serving, store, log, start: startModelProcess, openFront });
    return {
      ...server,
      async close() {
        await server.close();
        await logs.close();
        store.close();
      },
    };
  } catch (error) {
    await logs.close();
    store.close();
    throw error;
  }
}

/** A label counts for or against a version once it is on the disk. */
const keepAndCount = (logs: ServingLogs, models: ServedModels) => async (model: string, record: FeedbackRecord): Promise<void> => {
  await logs.keepFeedback(model, record);
  models.find(model)?.label(record);
};

const noExtras: readonly string[] = [];
const extras = new WeakMap<ModelContract, readonly string[]>();

/** What says whether a row may be trained on, and what names it, is wanted in the log also where the model does not see it. */
function extrasOf(contract: ModelContract): readonly string[] {
  const found = extras.get(contract);
  if (found !== undefined) return found;
  const { consent, key = noExtras, inputs } = contract;
  const known = new Set([...inputs.map(({ name }) => name), ...loggedNames(key)]);
  const wanted = [...new Set([...(consent === undefined ? [] : [consent]), ...key])].filter((one) => !known.has(one));
  extras.set(contract, wanted);
  return wanted;
}

async function installedVersion({ root }: Settings): Promise<string> {
  return (JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string }).version;
}

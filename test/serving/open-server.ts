import type { ModelContract } from "../../inference/contract.ts";
import type { Feedback } from "../../serving/feedback.ts";
import type { PredictionRecord } from "../../serving/prediction-log.ts";
import { defaultLimits, type Limits } from "../../serving/http/limits.ts";
import { makeMetrics } from "../../serving/http/metrics.ts";
import { type RunningServer, type ServerSettings, startServer } from "../../serving/http/server.ts";
import { contractOf, everyColumn, fakeLog, fakeModel, type FakeModel, modelsOf } from "./fake-models.ts";

interface Item { readonly prediction_id: string }

export interface OpenServer extends RunningServer {
  readonly model: FakeModel;
  readonly records: PredictionRecord[];
  readonly feedback: Item[];
  /** Who sent feedback, a request each. */
  readonly sources: string[];
  /** Failures that were reported as the server's own. */
  readonly reported: unknown[];
}

/** A server over fakes: one model that takes every kind of column, and whatever else is given. */
export async function openServer(settings: Partial<Omit<ServerSettings, "limits">> = {}, limits: Partial<Limits> = {}, others: readonly FakeModel[] = [], contract: ModelContract = contractOf(everyColumn)): Promise<OpenServer> {
  const model = fakeModel(contract);
  const models = modelsOf(model, ...others);
  const [log, feedback, sources, reported] = [fakeLog(), [] as Item[], [] as string[], [] as unknown[]];
  let issued = 0;
  const accept: Feedback["accept"] = (items, source) => {
    sources.push(source);
    feedback.push(...(items as readonly Item[]));
    return Promise.resolve((items as readonly Item[]).map(({ prediction_id }) => (String(prediction_id).startsWith("p-") ? { prediction_id, accepted: true } : { prediction_id, accepted: false, reason: "it was not issued here" })));
  };
  const server = await startServer({
    models, log, feedback: { accept }, ids: { issue: () => `p-${issued++}`, issued: (id) => id.startsWith("p-") }, extras: () => ["consent"], metrics: makeMetrics(models), version: "1.2.3",
    settings: { host: "127.0.0.1", port: 0, tokens: null, origins: [], ...settings, limits: { ...defaultLimits, ...limits } },
    report: (error) => void reported.push(error),
  });
  return { ...server, model, records: log.records, feedback, sources, reported };
}

import { createHmac } from "node:crypto";
import { type GatewayOptions, openGateway, type RunningGateway } from "../../gateway/open-gateway.ts";
import type { Retraining } from "../../gateway/retraining.ts";
import type { Trigger } from "../../schemas/cause.ts";
import { RelearnError } from "../../schemas/failures.ts";
import type { GatewaySettings } from "../../schemas/gateway-settings.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { putRun } from "../../stores/runs.ts";
import { sampleRun } from "../cli/samples.ts";

export const token = `whsec_${Buffer.from("a secret of thirty-two bytes ...").toString("base64")}`;
export const definition = { sha256: "d".repeat(64), bytes: 12 };
/** The clock of the tests, in milliseconds. */
export const now = Date.parse("2013-03-01T12:00:00Z");
export const seconds = Math.floor(now / 1_000);

/** Temporal, as far as the gateway knows it. */
export interface FakeRetraining extends Retraining {
  readonly taken: Trigger[];
  /** While it is down nothing is taken. */
  down: boolean;
}

export function fakeRetraining(): FakeRetraining {
  const taken: Trigger[] = [];
  return {
    taken, down: false,
    async trigger(trigger) {
      if (this.down) throw new RelearnError("TemporalUnavailable", "nobody answers at 10.0.0.7:7233");
      taken.push(trigger);
      return `${trigger.pipeline}/retraining`;
    },
  };
}

/** A store in which these pipelines have run. */
export async function storeWith(...pipelines: string[]): Promise<ObjectStore> {
  const store = memoryObjectStore();
  for (const pipeline of pipelines) await putRun(store, { ...sampleRun, pipeline, run: `${pipeline}/run/${"1".repeat(12)}`, definition });
  return store;
}

export interface OpenedGateway extends RunningGateway {
  readonly retraining: FakeRetraining;
  readonly store: ObjectStore;
  readonly reported: unknown[];
}

export async function gatewayOver(settings: Partial<GatewaySettings> = {}, options: Partial<GatewayOptions> = {}): Promise<OpenedGateway> {
  const [retraining, reported] = [fakeRetraining(), [] as unknown[]];
  const store = await storeWith("flights", "rides");
  const gateway = await openGateway({ settings: { host: "127.0.0.1", port: 0, sendersFile: null, grafanaTimestampHeader: null, ...settings }, token, store, retraining, now: () => now, report: (error) => void reported.push(error), ...options });
  return { ...gateway, retraining, store, reported };
}

/** As Alertmanager posts it. */
export const alertGroup = (...alerts: object[]): object => ({
  version: "4", groupKey: '{}/{severity="page"}:{alertname="Stale"}', truncatedAlerts: 0, status: "firing", receiver: "relearn", groupLabels: { alertname: "Stale" }, commonLabels: { alertname: "Stale" }, commonAnnotations: {}, externalURL: "http://alerts:9093", alerts,
});
export const alertOf = (more: object = {}): object => ({
  status: "firing", labels: { alertname: "Stale", pipeline: "flights" }, annotations: { summary: "log loss is 0.52" }, startsAt: "2013-03-01T09:30:00.123456789+01:00", endsAt: "0001-01-01T00:00:00Z", generatorURL: "http://prometheus:9090/graph", fingerprint: "c0ffee", ...more,
});
export const bearer = { authorization: `Bearer ${token}` };

export const standardEvent = (more: object = {}): string => JSON.stringify({ type: "data.landed", timestamp: "2013-03-01T10:00:00Z", data: { pipeline: "flights", message: "March is here", ...more } });

export interface Signing { readonly id?: string; readonly at?: number; readonly secret?: string }

/** Headers of a Standard Webhook. */
export function signed(body: string | Buffer, { id = "msg_1", at = seconds, secret = token }: Signing = {}): Record<string, string> {
  const hmac = createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64")).update(`${id}.${at}.`).update(body).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": `v1,${hmac}` };
}

export const grafanaSigned = (body: string, timestamp: number | null = null, secret = token): Record<string, string> => ({
  "x-grafana-alerting-signature": createHmac("sha256", secret).update(timestamp === null ? body : `${timestamp}:${body}`).digest("hex"),
});

export interface Answer { readonly status: number; readonly body: { readonly accepted?: number; readonly workflowId?: string | null; readonly keys?: string[]; readonly workflows?: unknown[]; readonly ignored?: { reason: string }[]; readonly error?: string }; readonly headers: Headers }

export async function post(gateway: { readonly url: string }, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(gateway.url + path, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Answer["body"], headers: response.headers };
}

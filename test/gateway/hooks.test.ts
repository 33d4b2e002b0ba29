import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listAlarms } from "../../stores/alarms.ts";
import type { Alarm } from "../../schemas/alarm.ts";
import { alertGroup, alertOf, bearer, definition, gatewayOver, grafanaSigned, type OpenedGateway, post, seconds, signed, standardEvent } from "./stage.ts";

let gateway: OpenedGateway;
beforeAll(async () => void (gateway = await gatewayOver()));
afterAll(() => gateway.close());
beforeEach(() => void (gateway.retraining.taken.length = 0));

const keyOf = (...parts: string[]): string => createHash("sha256").update(parts.join("\0")).digest("hex");
const event = { specversion: "1.0", id: "17", source: "/lake/flights", type: "io.lake.partition.written", time: "2013-03-01T10:00:00Z", pipeline: "flights", data: { message: "March is here" } };
const structured = { "content-type": "application/cloudevents+json; charset=utf-8", ...bearer };

async function alarms(): Promise<Alarm[]> {
  const found: Alarm[] = [];
  for await (const alarm of listAlarms(gateway.store, "flights")) found.push(alarm);
  return found;
}

describe("Alertmanager", () => {
  it("hands each alert to its pipeline's retraining, with the definition in force, once Temporal has it", async () => {
    const { status, body } = await post(gateway, "/v1/hooks/alertmanager", alertGroup(alertOf(), alertOf({ labels: { alertname: "Stale", pipeline: "rides" } })), bearer);
    const key = keyOf('{}/{severity="page"}:{alertname="Stale"}', "2013-03-01T08:30:00.123Z");
    expect([status, body]).toEqual([202, { accepted: 2, workflowId: null, keys: [key, key], workflows: [{ workflowId: "flights/retraining", keys: [key] }, { workflowId: "rides/retraining", keys: [key] }], ignored: [] }]);
    expect(gateway.retraining.taken.find(({ pipeline }) => pipeline === "flights")).toEqual({
      cause: { kind: "webhook", key, by: "alertmanager" }, asOf: "2013-03-01T08:30:00.123Z", definition, pipeline: "flights",
      alarm: { id: key, kind: "external", proposal: "retrain", message: "Stale: log loss is 0.52" },
    });
    expect(await alarms()).toEqual([{
      version: 1, id: key, pipeline: "flights", model: "flights", v: null, kind: "external", shape: null, began: "2013-03-01T08:30:00.123Z", window: null, at: "2013-03-01T08:30:00.123Z",
      message: "Stale: log loss is 0.52", evidence: [], proposal: "retrain", source: "alertmanager: local",
    }]);
  });

  it("is one cause for a group's alerts that began at once, and for the same notification again", async () => {
    const group = alertGroup(alertOf(), alertOf({ fingerprint: "other" }));
    const [first, again] = [await post(gateway, "/v1/hooks/alertmanager", group, bearer), await post(gateway, "/v1/hooks/alertmanager", group, bearer)];
    expect(first.body).toEqual(again.body);
    expect(first.body).toMatchObject({ accepted: 1, workflowId: "flights/retraining" });
    expect(await alarms()).toHaveLength(1);
  });

  it("starts nothing with what is resolved, and tells what was cut off", async () => {
    const group = { ...alertGroup(alertOf({ status: "resolved" })), truncatedAlerts: 3 };
    const { status, body } = await post(gateway, "/v1/hooks/alertmanager", group, bearer);
    expect([status, body.accepted, body.ignored!.map(({ reason }) => reason)]).toEqual([200, 0, ["it is resolved, which starts nothing", "3 more alerts of the group were cut off by the sender (max_alerts)"]]);
    expect(gateway.retraining.taken).toEqual([]);
  });

  it("takes keys it does not know, the pipeline from the path, a proposal from a label, and a password for the token", async () => {
    const unknown = { ...alertGroup(alertOf({ labels: { alertname: "Stale" }, annotations: { relearn_proposal: "fix-data" }, more: 1 })), notification_reason: "new", routeLabels: {} };
    const { status } = await post(gateway, "/v1/hooks/alertmanager/rides", unknown, { authorization: `Basic ${Buffer.from(`alertmanager:${bearer.authorization.slice(7)}`).toString("base64")}` });
    expect(status).toBe(202);
    expect(gateway.retraining.taken).toMatchObject([{ pipeline: "rides", alarm: { proposal: "fix-data", message: "Stale" } }]);
  });

  it.each([
    ["no pipeline", alertGroup(alertOf({ labels: {} })), "", 400, /label `pipeline`/],
    ["a pipeline that never ran", alertGroup(alertOf({ labels: { pipeline: "ships" } })), "", 404, /ships.*relearn run DEFINITION/],
    ["no name of a pipeline", alertGroup(alertOf({ labels: { pipeline: "../flights" } })), "", 400, /no name of a pipeline/],
    ["another pipeline in the path", alertGroup(alertOf()), "/rides", 400, /names the pipeline "flights", and the path rides/],
    ["a proposal that is none", alertGroup(alertOf({ annotations: { relearn_proposal: "delete" } })), "", 400, /must be one of retrain, roll-back, fix-data, ignore, found "delete"/],
    ["a time that has not come", alertGroup(alertOf({ startsAt: "2013-03-01T12:06:00Z" })), "", 400, /has not come yet/],
    ["Grafana's version", { ...alertGroup(alertOf()), version: "1" }, "", 400, /version: expected "4", found "1"/],
    ["no alerts", alertGroup(), "", 400, /alerts/],
    ["a list", [], "", 400, /not valid/],
    ["half a body", '{"version": "4", "alerts": [', "", 400, /not JSON/],
    ["a prototype", '{"version": "4", "__proto__": {"x": 1}}', "", 400, /__proto__/],
    ["a prototype in the labels", JSON.stringify(alertGroup(alertOf())).replace('"pipeline"', '"__proto__":{"x":1},"pipeline"'), "", 400, /__proto__/],
  ])("is refused with %s, and told what is wrong", async (_, body, path, status, says) => {
    const answer = await post(gateway, `/v1/hooks/alertmanager${path}`, body, bearer);
    expect([answer.status, answer.body.error]).toEqual([status, expect.stringMatching(says)]);
    expect(gateway.retraining.taken).toEqual([]);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it("loses no alert to the one beside it that is refused", async () => {
    const { status, body } = await post(gateway, "/v1/hooks/alertmanager", alertGroup(alertOf({ labels: { pipeline: "ships" } }), alertOf()), bearer);
    expect([status, body.accepted, body.ignored!.length]).toEqual([202, 1, 1]);
  });
});

describe("Grafana", () => {
  const body = JSON.stringify({ ...alertGroup(alertOf({ values: { B: 0.52, C: null } })), version: "1", groupKey: "grafana", orgId: 1, title: "Stale", state: "alerting", message: "..." });

  it("is known by its signature of the body, and its values are evidence", async () => {
    expect((await post(gateway, "/v1/hooks/grafana", body, grafanaSigned(body))).status).toBe(202);
    expect((await alarms()).find(({ source }) => source === "grafana: local")!.evidence).toEqual([{ metric: "B", subject: null, observed: 0.52, limit: null, reference: null, p: null, rows: 0 }]);
    expect(gateway.retraining.taken).toHaveLength(1);
  });

  it("of an older version may send the token instead", async () => {
    expect((await post(gateway, "/v1/hooks/grafana", body, bearer)).status).toBe(202);
  });

  it("signs its time as well where the gateway asks for that, and is refused without, or too late", async () => {
    const strict = await gatewayOver({ grafanaTimestampHeader: "x-grafana-time" });
    const ask = async (timestamp: number | null, sent: string | null = timestamp === null ? null : String(timestamp)) => (await post(strict, "/v1/hooks/grafana", body, { ...grafanaSigned(body, timestamp), ...(sent === null ? {} : { "x-grafana-time": sent }) })).status;
    expect([await ask(seconds), await ask(null), await ask(null, String(seconds)), await ask(seconds, String(seconds + 1)), await ask(seconds - 301), await ask(seconds + 301)]).toEqual([202, 401, 401, 401, 401, 401]);
    await strict.close();
  });
});

describe("CloudEvents", () => {
  it("are taken structured, with the event's own time", async () => {
    const { status, body } = await post(gateway, "/v1/hooks/cloudevents", event, structured);
    expect([status, body.keys]).toEqual([202, [keyOf("/lake/flights", "17")]]);
    expect(gateway.retraining.taken).toMatchObject([{ asOf: "2013-03-01T10:00:00.000Z", cause: { by: "cloudevents" }, alarm: { message: "io.lake.partition.written: March is here" } }]);
  });

  it("are taken in a batch", async () => {
    const { body } = await post(gateway, "/v1/hooks/cloudevents", [event, { ...event, id: "18" }], { ...structured, "content-type": "application/cloudevents-batch+json" });
    expect(body).toMatchObject({ accepted: 2, workflowId: "flights/retraining" });
  });

  it("are taken with their attributes in headers, percent-encoded or quoted, whatever the data is", async () => {
    const headers = { "ce-specversion": "1.0", "ce-id": "19", "ce-source": '"/lake/caf%C3%A9"', "ce-type": "io.lake.partition.written", "ce-time": "2013-03-01T10:00:00Z", "ce-pipeline": "flights", "ce-subject": "a%20b" };
    const { status, body } = await post(gateway, "/v1/hooks/cloudevents", "a,b\n1,2\n", { ...headers, "content-type": "text/csv", ...bearer });
    expect([status, body.keys]).toEqual([202, [keyOf("/lake/café", "19")]]);
    expect(gateway.retraining.taken[0]!.alarm!.message).toBe("io.lake.partition.written: a b");
    expect((await post(gateway, "/v1/hooks/cloudevents", event, { "content-type": "application/json", ...bearer }))).toMatchObject({ status: 415, body: { error: expect.stringContaining("application/cloudevents+json") as string } });
    expect((await post(gateway, "/v1/hooks/cloudevents", "x", { ...headers, "ce-source": "%zz", "content-type": "text/plain", ...bearer })).body.error).toMatch(/ce-source.*percent-encoded/);
  });

  it("are taken with a signature of the whole event, and not with one that leaves the attributes out", async () => {
    const body = JSON.stringify(event);
    expect((await post(gateway, "/v1/hooks/cloudevents", body, { "content-type": "application/cloudevents+json", ...signed(body) })).status).toBe(202);
    const binary = await post(gateway, "/v1/hooks/cloudevents", "{}", { "content-type": "application/json", "ce-id": "1", "ce-source": "/a", "ce-type": "t", "ce-specversion": "1.0", "ce-pipeline": "flights", ...signed("{}") });
    expect([binary.status, binary.body.error]).toEqual([401, expect.stringMatching(/signature covers the body/)]);
  });

  it.each([
    ["another version", { ...event, specversion: "0.3" }, /specversion: expected "1.0", found "0.3"/],
    ["no id", { ...event, id: undefined }, /id: is missing/],
    ["an empty source", { ...event, source: "" }, /source/],
    ["a time that is none", { ...event, time: "yesterday" }, /time: must be a time such as/],
  ])("are refused with %s", async (_, body, says) => {
    const answer = await post(gateway, "/v1/hooks/cloudevents", body, structured);
    expect([answer.status, answer.body.error]).toEqual([400, expect.stringMatching(says)]);
  });

  it("start nothing when they are over, or Relearn's own", async () => {
    for (const type of ["io.lake.drift.resolved", "io.relearn.alarm.raised"]) expect((await post(gateway, "/v1/hooks/cloudevents", { ...event, type }, structured)).status).toBe(200);
    expect(gateway.retraining.taken).toEqual([]);
  });
});

describe("Standard Webhooks", () => {
  it("are known by their signature, and their id is the occasion, also when it comes again the next day", async () => {
    const body = standardEvent();
    const { status, body: said } = await post(gateway, "/v1/hooks/standard", body, signed(body, { id: "msg_a" }));
    expect([status, said.keys]).toEqual([202, [keyOf("msg_a")]]);
    expect(gateway.retraining.taken).toMatchObject([{ asOf: "2013-03-01T10:00:00.000Z", cause: { by: "standard" } }]);
  });

  it("without a time of their own keep that of their first arrival", async () => {
    const body = JSON.stringify({ type: "data.landed" });
    const later = await gatewayOver({}, { store: gateway.store, now: () => (seconds + 86_400) * 1_000 });
    await post(gateway, "/v1/hooks/standard/flights", body, signed(body, { id: "msg_b" }));
    await post(later, "/v1/hooks/standard/flights", body, signed(body, { id: "msg_b", at: seconds + 86_400 }));
    expect([...gateway.retraining.taken, ...later.retraining.taken].map(({ asOf }) => asOf)).toEqual(["2013-03-01T12:00:00.000Z", "2013-03-01T12:00:00.000Z"]);
    await later.close();
  });
});

describe("what Temporal has not taken", () => {
  it("is answered with 503 and when to try again, and is taken then", async () => {
    gateway.retraining.down = true;
    const refused = await post(gateway, "/v1/hooks/alertmanager", alertGroup(alertOf()), bearer);
    expect([refused.status, refused.headers.get("retry-after"), refused.body.error]).toEqual([503, "1", "Temporal does not answer (TemporalUnavailable)"]);
    gateway.retraining.down = false;
    expect((await post(gateway, "/v1/hooks/alertmanager", alertGroup(alertOf()), bearer)).status).toBe(202);
  });
});

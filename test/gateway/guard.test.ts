import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureWebhookToken, webhookTokenFile } from "../../gateway/webhook-token.ts";
import { loadGatewaySettings } from "../../schemas/gateway-settings.ts";
import { alertGroup, alertOf, bearer, gatewayOver, grafanaSigned, type OpenedGateway, post, seconds, signed, standardEvent } from "./stage.ts";

const folder = mkdtempSync(join(tmpdir(), "relearn-senders-"));
const file = join(folder, "senders.json");
const secret = (): string => `whsec_${randomBytes(32).toString("base64")}`;
const hash = (token: string): string => createHash("sha256").update(token).digest("hex");
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const known = { lake: secret(), next: secret(), hashed: secret(), rides: secret(), expired: secret(), grafana: "typed into Grafana by a person" };
const senders = [
  { name: "lake", secret: known.lake }, { name: "lake", secret: known.next }, { name: "hashed", sha256: hash(known.hashed) }, { name: "rides", secret: known.rides, pipelines: ["rides"] },
  { name: "expired", secret: known.expired, expires: "2013-03-01T11:59:59Z" }, { name: "grafana", secret: known.grafana },
  { name: "keys", publicKey: `whpk_${publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("base64")}` },
];
const write = (list: unknown): void => writeFileSync(file, JSON.stringify(list));

let [guarded, own]: (OpenedGateway | null)[] = [null, null];
beforeAll(async () => {
  write(senders);
  guarded = await gatewayOver({ sendersFile: file });
  own = await gatewayOver();
});
afterAll(async () => {
  await Promise.all([guarded?.close(), own?.close()]);
  rmSync(folder, { recursive: true });
});

/** With headers as they are given: fetch would mend them. */
function ask(gateway: OpenedGateway, path: string, method: string, headers: Record<string, string | string[]>, body = ""): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(gateway.url, { method, path, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk)).on("end", () => resolve({ status: response.statusCode!, body: text }));
    });
    sent.on("error", reject).end(body);
  });
}

const concrete = (pattern: string): string => pattern.replace("{pipeline}", "flights");
const isError = (body: string): boolean => typeof (JSON.parse(body) as { error?: unknown }).error === "string";
const group = JSON.stringify(alertGroup(alertOf()));
const with_ = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe("every route of the live table", () => {
  const nobody: readonly [string, Record<string, string>][] = [
    ["nobody", {}], ["a token nobody gave", with_(secret())], ["the own token of a home, where a file says who may send", bearer], ["a hash for a token", with_(hash(known.lake))],
    ["an expired token", with_(known.expired)], ["a wrong password", { authorization: "Basic dXNlcjpwYXNz" }], ["an empty token", { authorization: "Bearer " }],
    ["a signature with another secret", signed(group, { secret: secret() })], ["a signature with an expired secret", signed(group, { secret: known.expired })],
    ["Grafana's signature with another secret", grafanaSigned(group, null, "another secret of thirty-two byte")],
  ];

  it.each(nobody)("refuses %s on every route but the public one", async (_, headers) => {
    expect(guarded!.routes.length).toBe(9);
    for (const { method, pattern, scope } of guarded!.routes) {
      const { status, body } = await ask(guarded!, concrete(pattern), method, headers, method === "POST" ? group : "");
      expect(status, `${method} ${pattern}`).toBe(scope === "public" ? 200 : 401);
      if (status === 401) expect(isError(body)).toBe(true);
    }
    expect(guarded!.retraining.taken).toEqual([]);
  });

  it("has a scope each, and only the one that tells whether it lives is public", () => {
    expect(guarded!.routes.filter(({ scope }) => scope === "public").map(({ pattern }) => pattern)).toEqual(["/healthz"]);
    expect(guarded!.routes.every(({ scope }) => ["public", "alertmanager", "grafana", "cloudevents", "standard"].includes(scope))).toBe(true);
  });

  it("takes its own method, and its own paths, and nothing else", async () => {
    for (const { pattern, method } of own!.routes) for (const other of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"].filter((one) => one !== method)) expect((await ask(own!, concrete(pattern), other, bearer)).status, `${other} ${pattern}`).toBe(405);
    for (const path of ["/v1/hooks", "/v1/hooks/", "/v1/hooks/evidently", "/v1/hooks/alertmanager/", "/v1/hooks/alertmanager/..%2fflights", "/v1/hooks/alertmanager/Flights", "/v1/hooks/alertmanager/flights/x", "/V1/hooks/alertmanager", "//v1/hooks/alertmanager"]) expect((await ask(own!, path, "POST", bearer, group)).status, path).toBe(404);
  });

  it("is no use to another web site, by any method", async () => {
    const host = new URL(own!.url).host;
    for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
      for (const bad of [{ host: "evil.example" }, { host, origin: "https://evil.example" }, { host, origin: "null" }, { host, "sec-fetch-site": "cross-site" }] as Record<string, string>[])
        expect((await ask(own!, "/v1/hooks/alertmanager", method, { ...bearer, ...bad }, method === "POST" ? group : "")).status, JSON.stringify(bad)).toBe(403);
    expect(own!.retraining.taken).toEqual([]);
  });
});

describe("the page on the gateway", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "gateway.md"), "utf8");

  it("lists every hook, and what the settings are where nothing is set", () => {
    const listed = [...page.matchAll(/^\| `POST (\S+)` \|/gm)].map(([, pattern]) => pattern!);
    expect(listed.flatMap((pattern) => [pattern, `${pattern}/{pipeline}`]).sort()).toEqual(own!.routes.filter(({ method }) => method === "POST").map(({ pattern }) => pattern).sort());
    const { host, port } = loadGatewaySettings({});
    expect(page).toContain(`| ${host}, ${port} |`);
  });
});

describe("a sender", () => {
  const status = async (path: string, body: string, headers: Record<string, string>) => (await post(guarded!, path, body, headers)).status;
  const event = standardEvent();

  it("may be known by either of two secrets, by the hash of a token, by a text for Grafana, or by a key", async () => {
    const time = String(seconds);
    const v1a = { "webhook-id": "msg_k", "webhook-timestamp": time, "webhook-signature": `v1,${randomBytes(32).toString("base64")} v1a,${sign(null, Buffer.from(`msg_k.${time}.${event}`), privateKey).toString("base64")}` };
    const both = signed(event, { secret: known.lake })["webhook-signature"]!;
    expect([
      await status("/v1/hooks/standard", event, signed(event, { secret: known.lake })), await status("/v1/hooks/standard", event, signed(event, { secret: known.next })),
      await status("/v1/hooks/standard", event, { ...signed(event), "webhook-signature": `v1,${"A".repeat(43)}= v2,xyz ${both}` }), await status("/v1/hooks/standard", event, v1a),
      await status("/v1/hooks/alertmanager", group, with_(known.hashed)), await status("/v1/hooks/grafana", JSON.stringify({ ...JSON.parse(group), version: "1" }), grafanaSigned(JSON.stringify({ ...JSON.parse(group), version: "1" }), null, known.grafana)),
    ]).toEqual([202, 202, 202, 202, 202, 202]);
  });

  it("speaks of no other pipelines than those it was given", async () => {
    expect(await status("/v1/hooks/alertmanager", group, with_(known.rides))).toBe(403);
    expect(await status("/v1/hooks/alertmanager", JSON.stringify(alertGroup(alertOf({ labels: { pipeline: "rides" } }))), with_(known.rides))).toBe(202);
  });

  it("that is taken back is refused within a second, and a file that cannot be read lets nobody in", async () => {
    const ask = () => status("/v1/hooks/standard", event, signed(event, { secret: known.next }));
    write(senders.filter((sender) => sender.secret !== known.next));
    await expect.poll(ask, { timeout: 1_000, interval: 50 }).toBe(401);
    writeFileSync(file, "[{");
    await expect.poll(() => status("/v1/hooks/alertmanager", group, with_(known.hashed)), { timeout: 1_000, interval: 50 }).toBe(401);
    write(senders);
    await expect.poll(ask, { timeout: 1_000, interval: 50 }).toBe(202);
    expect(guarded!.reported.map(String).join()).toMatch(/nobody is let in/);
  });
});

describe("a gateway", () => {
  it("does not listen beyond this machine before somebody says who may send", async () => {
    for (const host of ["0.0.0.0", "::", "192.168.0.7"]) await expect(gatewayOver({ host })).rejects.toThrow(/RELEARN_WEBHOOK_TOKENS_FILE/);
  });

  it.each([
    ["nobody", "[]", /names no sender/], ["a short secret", '[{"name":"a","secret":"whsec_AAAA"}]', /24 to 64 random bytes/], ["a long one", `[{"name":"a","secret":"whsec_${"A".repeat(88)}"}]`, /24 to 64/], ["no secret", '[{"name":"a"}]', /exactly one of/],
    ["two", JSON.stringify([{ name: "a", secret: secret(), sha256: hash("x") }]), /exactly one of/], ["a key that is none", '[{"name":"a","publicKey":"whpk_AAAA"}]', /ed25519/], ["a field it does not know", '[{"name":"a","token":"x"}]', /token/],
  ])("does not start with a file of senders that has %s", async (_, text, says) => {
    const other = join(folder, "other.json");
    writeFileSync(other, text);
    await expect(gatewayOver({ sendersFile: other })).rejects.toThrow(says);
  });

  it("makes its home's token once, long, and readable by its owner only", async () => {
    const [first, same] = await Promise.all([ensureWebhookToken(folder), ensureWebhookToken(folder)]);
    expect([Buffer.from(first.slice(6), "base64").length, same, statSync(webhookTokenFile(folder)).mode & 0o777]).toEqual([32, first, 0o600]);
    writeFileSync(webhookTokenFile(folder), "password\n");
    await expect(ensureWebhookToken(folder)).rejects.toThrow(/24 to 64/);
  });

  it("reads no body that is too large, compressed, or of somebody it does not know", async () => {
    const large = await post(own!, "/v1/hooks/alertmanager", `"${"x".repeat(2 ** 20)}"`, bearer);
    const zipped = await post(own!, "/v1/hooks/alertmanager", group, { ...bearer, "content-encoding": "gzip" });
    expect([large.status, zipped.status]).toEqual([413, 415]);
    const deep = await post(own!, "/v1/hooks/alertmanager", `${"[".repeat(40)}${"]".repeat(40)}`, bearer);
    expect([deep.status, deep.body.error]).toEqual([400, expect.stringMatching(/deeper than 32/)]);
  });

  it("says all that is wrong with its settings at once", () => {
    expect(loadGatewaySettings({ RELEARN_GATEWAY_PORT: "0", RELEARN_GRAFANA_TIMESTAMP_HEADER: "X-Time" })).toEqual({ host: "127.0.0.1", port: 0, sendersFile: null, grafanaTimestampHeader: "x-time" });
    expect(() => loadGatewaySettings({ RELEARN_GATEWAY_PORT: "70000", RELEARN_GATEWAY_HOST: "a b" })).toThrow(/RELEARN_GATEWAY_HOST[^]*RELEARN_GATEWAY_PORT/);
  });
});

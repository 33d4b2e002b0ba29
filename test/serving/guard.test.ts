import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Scope } from "../../serving/http/route-table.ts";
import { createToken, openTokens, type TokenEntry } from "../../serving/http/tokens.ts";
import { everyRow } from "./fake-models.ts";
import { openServer, type OpenServer } from "./open-server.ts";

const scopes = ["predict", "feedback", "backfill", "admin"] as const;
const folder = mkdtempSync(join(tmpdir(), "relearn-tokens-"));
const file = join(folder, "tokens.json");
const made = new Map(scopes.map((scope) => [scope as string, createToken({ name: scope, scopes: [scope] })]));
made.set("expired", createToken({ name: "expired", scopes: [...scopes], expires: "2020-01-01T00:00:00Z" }));
const entries = (): TokenEntry[] => [...made.values()].map(({ entry }) => entry);
const write = (list: readonly unknown[]): void => writeFileSync(file, JSON.stringify(list));
const bearer = (name: string): Record<string, string> => ({ authorization: `Bearer ${made.get(name)!.token}` });

let [guarded, open]: (OpenServer | null)[] = [null, null];
beforeAll(async () => {
  write(entries());
  guarded = await openServer({ tokens: openTokens(file) });
  open = await openServer();
});
afterAll(async () => {
  await Promise.all([guarded?.close(), open?.close()]);
  rmSync(folder, { recursive: true });
});

/** Status and body, with headers as they are given: fetch would mend them. */
function ask(server: OpenServer, path: string, method = "GET", headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(server.url).origin, { method, path, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk)).on("end", () => resolve({ status: response.statusCode!, body }));
    });
    sent.on("error", reject).end();
  });
}

const concrete = (pattern: string): string => pattern.replace("{model}", "flights").replace("{version}", "3");
const isProtocolError = (body: string): boolean => typeof (JSON.parse(body) as { error?: unknown }).error === "string";

describe("every route of the live table", () => {
  const callers: readonly [name: string, headers: Record<string, string>, allowed: (scope: Scope) => boolean, refusal: number][] = [
    ["nobody", {}, () => false, 401],
    ["a token nobody gave", { authorization: `Bearer ${randomBytes(32).toString("hex")}` }, () => false, 401],
    ["no bearer token", { authorization: "Basic dXNlcjpwYXNz" }, () => false, 401],
    ["an expired token", bearer("expired"), () => false, 401],
    ["a hash for a token", { authorization: `Bearer ${made.get("admin")!.entry.sha256}` }, () => false, 401],
    ...scopes.map((scope) => [`a token for ${scope}`, bearer(scope), (wanted: Scope) => wanted === scope, 403] as const),
  ] as never;

  it.each(callers)("lets %s do what they may and nothing else", async (_, headers, allowed, refusal) => {
    expect(guarded!.routes.length).toBeGreaterThan(10);
    for (const { method, pattern, scope } of guarded!.routes) {
      const { status, body } = await ask(guarded!, concrete(pattern), method, headers);
      // A token that is wrong is refused even where none is needed.
      if (allowed(scope) || (scope === "public" && refusal === 403) || (scope === "public" && Object.keys(headers).length === 0)) expect([401, 403], `${method} ${pattern}`).not.toContain(status);
      else {
        expect(status, `${method} ${pattern}`).toBe(refusal);
        expect(isProtocolError(body)).toBe(true);
      }
    }
  });

  it("has a scope each, and only health and readiness are public", () => {
    expect(guarded!.routes.filter(({ scope }) => scope === "public").map(({ pattern }) => pattern).every((pattern) => /(live|ready)$/.test(pattern))).toBe(true);
    expect(guarded!.routes.every(({ scope }) => ["public", ...scopes].includes(scope))).toBe(true);
  });

  it("names its methods to a caller who uses another", async () => {
    for (const { pattern } of guarded!.routes) for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]) expect((await ask(open!, concrete(pattern), method)).status, `${method} ${pattern}`).toBe(405);
  });
});

describe("without a tokens file", () => {
  it("this machine may predict, give feedback and backfill, and administer nothing", async () => {
    for (const { method, pattern, scope } of open!.routes) expect([401, 403].includes((await ask(open!, concrete(pattern), method)).status), `${method} ${pattern}`).toBe(scope === "admin");
  });

  it("no other machine is listened to", async () => {
    for (const host of ["0.0.0.0", "::", "192.168.0.7"]) await expect(openServer({ host })).rejects.toThrow(/RELEARN_TOKENS_FILE.*relearn token create/);
  });
});

describe("a browser", () => {
  const headers = (host: string, origin?: string, site?: string): Record<string, string> => ({ host, ...(origin === undefined ? {} : { origin }), ...(site === undefined ? {} : { "sec-fetch-site": site }) });

  it.each(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])("that another site sends here is refused, by %s too", async (method) => {
    const port = new URL(open!.url).port;
    const path = method === "GET" ? "/v2/models/flights" : "/v1/models/flights:predict";
    const here = `127.0.0.1:${port}`;
    for (const bad of [headers("evil.example"), headers("127.0.0.1.evil.example"), headers(`evil@127.0.0.1`), headers(here, "https://evil.example"), headers(here, "null"), headers(here, undefined, "cross-site"), headers(here, undefined, "same-site"), headers(here, `http://localhost:${port}`, "cross-site")])
      expect((await ask(open!, path, method, bad)).status, JSON.stringify(bad)).toBe(403);
    for (const good of [headers(here), headers(`localhost:${port}`), headers("[::1]"), headers(here, `http://${here}`, "same-origin"), headers(here, undefined, "none")]) expect((await ask(open!, path, method, good)).status).not.toBe(403);
  });

  it("is let in from an origin that is listed", async () => {
    const listed = await openServer({ origins: ["https://shop.example"] });
    const response = await fetch(`${listed.url}/v2/health/live`, { headers: { origin: "https://shop.example" } });
    expect(response.headers.get("access-control-allow-origin")).toBe("https://shop.example");
    expect((await fetch(`${listed.url}/v2`, { method: "OPTIONS", headers: { origin: "https://shop.example" } })).status).toBe(204);
    expect((await fetch(`${listed.url}/v2`, { headers: { origin: "https://other.example" } })).status).toBe(403);
    await listed.close();
  });
});

describe("tokens", () => {
  it("that are taken back are refused within a second, and new ones let in", async () => {
    const status = async (name: string) => (await ask(guarded!, "/v2", "GET", bearer(name))).status;
    expect(await status("predict")).toBe(200);
    made.set("second", createToken({ name: "predict", scopes: ["predict"] }));
    write(entries().filter((entry) => entry !== made.get("predict")!.entry));
    await expect.poll(() => status("predict"), { timeout: 1000, interval: 50 }).toBe(401);
    expect(await status("second")).toBe(200);
    writeFileSync(file, "[{");
    await expect.poll(() => status("second"), { timeout: 1000, interval: 50 }).toBe(401);
    write(entries());
    await expect.poll(() => status("second"), { timeout: 1000, interval: 50 }).toBe(200);
  });

  it("are long, kept as their hash, and must be there at the start", () => {
    const { token, entry } = createToken({ name: "a", scopes: ["predict"] });
    expect(Buffer.from(token.slice(3), "base64url").length).toBe(32);
    expect(entry.sha256).toBe(createHash("sha256").update(token).digest("hex"));
    expect(() => createToken({ name: "a", scopes: ["predict"] }, 23)).toThrow(/at least 24/);
    const other = join(folder, "other.json");
    expect(() => openTokens(other)).toThrow(/cannot be read/);
    for (const [text, says] of [["[]", /holds no token/], ["{}", /not valid/], ['[{"name":"a","sha256":"x","scopes":["predict"]}]', /SHA-256/], [JSON.stringify([{ ...entry, scopes: ["root"] }]), /scopes/]] as const) {
      writeFileSync(other, text);
      expect(() => openTokens(other)).toThrow(says);
    }
  });

  it("say who sent a label; without any it was somebody on this machine", async () => {
    const send = async (server: OpenServer, headers: Record<string, string>) => (await fetch(`${server.url}/v1/feedback`, { method: "POST", body: JSON.stringify({ items: [{ prediction_id: "p-1", label: "1" }] }), headers })).status;
    expect(await send(guarded!, bearer("feedback"))).toBe(200);
    expect(guarded!.sources.at(-1)).toBe("feedback");
    expect(await send(open!, {})).toBe(200);
    expect(open!.sources.at(-1)).toBe("local");
  });

  it("with backfill may say when a prediction was, others not", async () => {
    made.set("both", createToken({ name: "both", scopes: ["predict", "backfill"] }));
    write(entries());
    const body = JSON.stringify({ instances: [everyRow], parameters: { at: "2013-03-01T00:00:00Z" } });
    const status = async (name: string) => (await fetch(`${guarded!.url}/v1/models/flights:predict`, { method: "POST", body, headers: bearer(name) })).status;
    await expect.poll(() => status("both"), { timeout: 1000, interval: 50 }).toBe(200);
    expect(await status("predict")).toBe(403);
  });
});

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadHttpSettings } from "../../schemas/http-settings.ts";
import { contractOf } from "../serving/fake-models.ts";
import { openServer, type OpenServer } from "../serving/open-server.ts";

const page = readFileSync(join(resolve(import.meta.dirname, "../.."), "docs", "serving.md"), "utf8");
const examples = [...page.matchAll(/```sh\n([^]*?)```\s+```json\n([^]*?)```/g)].map(([, command, reply]) => [command!.trim(), reply!] as const);
let server: OpenServer;
beforeAll(async () => {
  const columns = { carrier: { type: "category" }, hour: { type: "integer" }, distance: { type: "number" }, precip: { type: "number", nullable: true } } as const;
  server = await openServer({}, {}, [], contractOf(columns));
});
afterAll(() => server.close());

describe("the page on serving", () => {
  it.each(examples)("%s", async (command, reply) => {
    const { stdout } = await promisify(execFile)("sh", ["-c", command.replaceAll("localhost:8080", new URL(server.url).host)]);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(reply, (_, value: unknown) => (value === "*" ? expect.any(String) : value)));
  });

  it("lists every route with its scope", () => {
    const listed = [...page.matchAll(/^\| `(GET|POST) (\S+)` \| (\w+) \|/gm)].map(([, method, pattern, scope]) => `${method} ${pattern} ${scope}`);
    expect(listed.sort()).toEqual(server.routes.map(({ method, pattern, scope }) => `${method} ${pattern} ${scope}`).sort());
  });

  it("lists every metric", async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    for (const [, name] of text.matchAll(/^# TYPE (\S+)/gm)) expect(page).toContain(`\`${name}\``);
  });

  it("says what the settings are where nothing is set", () => {
    const { bodyBytes, rows, timeoutMs, connections } = loadHttpSettings({});
    for (const [name, value] of [["BODY_MB", bodyBytes / 2 ** 20], ["ROWS", rows], ["TIMEOUT_MS", timeoutMs], ["CONNECTIONS", connections]]) expect(page).toContain(`| \`RELEARN_SERVE_${name}\` | ${value} |`);
    expect(loadHttpSettings({ RELEARN_SERVE_ORIGINS: "https://a.example, http://b.example:81" }).origins).toEqual(["https://a.example", "http://b.example:81"]);
    expect(() => loadHttpSettings({ RELEARN_SERVE_ORIGINS: "*", RELEARN_SERVE_ROWS: "many" })).toThrow(/RELEARN_SERVE_ROWS: .*\n?.*RELEARN_SERVE_ORIGINS|RELEARN_SERVE_ORIGINS[^]*RELEARN_SERVE_ROWS/);
  });
});

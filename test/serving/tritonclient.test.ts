import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { python, tritonPackages } from "../support/triton-packages.ts";
import { openServer, type OpenServer } from "./open-server.ts";

let server: OpenServer;
let packages: string;

beforeAll(async () => {
  [server, packages] = await Promise.all([openServer(), tritonPackages()]);
}, 120_000);
afterAll(() => server.close());

it("tritonclient from PyPI works unchanged, in JSON and with binary data", async () => {
  const { stdout } = await promisify(execFile)(python, [join(import.meta.dirname, "ask-with-tritonclient.py"), server.url.slice("http://".length)], { env: { PYTHONPATH: packages, PATH: process.env["PATH"] }, timeout: 60_000 });
  const said = JSON.parse(stdout) as Record<string, unknown>;
  const answer = { label: ["1", "1"], score: [0.25, 0.75, 0.25, 0.75] };
  expect(said).toMatchObject({
    live: true, ready: true, model_ready: true, version_ready: true, server: { name: "relearn" }, metadata: { name: "flights", versions: ["3"] }, index: [{ name: "flights", version: "3", state: "READY" }],
    binary: answer, json: answer, mixed: answer, gzip: answer, asynchronous: answer,
    response: { id: "mine", model_version: "3", parameters: { variant: "champion", digest: "d".repeat(64) } },
    missing: { status: "400", message: 'input "hour" is missing' }, unknown: { status: "404" },
  });
  const [first] = server.model.asked;
  expect(first!.key).toBe("u1");
  expect(first!.batch.columns.map((values) => [...(values as Iterable<unknown>)])).toEqual([
    ["UA", "späť"], ["x", ""], [17n, -3n], [1089.5, 2], [0.5, Number.NaN], [0.1, 1e300], [1, 0], [5n, 6n], [1, 2, 3, 4, 5, 6],
  ]);
});

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { bundleWorkflows } from "../infra/setup/bundle-workflows.mjs";

const root = resolve(import.meta.dirname, "..");
let code = "";
let sources: readonly string[] = [];

beforeAll(async () => {
  const target = join(mkdtempSync(join(tmpdir(), "relearn-bundle-")), "bundle.js");
  await bundleWorkflows(root, target, () => {});
  const bundle = readFileSync(target, "utf8");
  const [before, map] = bundle.split("//# sourceMappingURL=data:application/json;charset=utf-8;base64,");
  code = before ?? "";
  sources = (JSON.parse(Buffer.from(map ?? "", "base64").toString("utf8")) as { sources: string[] }).sources;
}, 60_000);

it("the workflow bundle holds Temporal's own packages and nothing else", () => {
  const packages = new Set(sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []));
  expect([...packages].sort()).toEqual(["@temporalio/common", "@temporalio/workflow", "long", "ms", "nexus-rpc"]);
});

it("the workflow bundle stays small: a schema library in it would double it", () => {
  expect(code.length).toBeLessThan(900_000);
});

it("only workflows can be started", async () => {
  const exported = Object.keys(await import("../workflows/index.ts"));
  expect(exported.sort()).toEqual(["batchScoring", "deployment", "monitoring", "notices", "retraining", "trainingRun", "trigger"]);
});

import { readdirSync, readFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DeterminismViolationError } from "@temporalio/workflow";
import { DefaultLogger, Runtime, Worker } from "@temporalio/worker";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleWorkflows } from "../infra/setup/bundle-workflows.mjs";
import { dataConverter } from "../workers/connect.ts";

const root = resolve(import.meta.dirname, "..");
const folder = join(root, "test", "histories");
const histories = readdirSync(folder).filter((name) => name.endsWith(".json"));
const codePath = join(mkdtempSync(join(tmpdir(), "relearn-replay-")), "bundle.js");

const read = (name: string): { events: { eventType: string; activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[] } => JSON.parse(readFileSync(join(folder, name), "utf8"));
const replay = (history: unknown) => Worker.runReplayHistory({ workflowBundle: { codePath }, dataConverter: dataConverter({ root }) }, history);

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  await bundleWorkflows(root, codePath, () => {});
}, 60_000);

describe("recorded histories", () => {
  it("cover every workflow", () => {
    expect([...new Set(histories.map((name) => name.replace(/--.*/, "")))].sort()).toEqual(["batch-scoring", "deployment", "monitoring", "notices", "retraining", "training-run", "trigger"]);
  });

  it.each(histories)("%s replays on today's code", async (name) => {
    await replay(read(name));
  });

  it("with another activity in them are found out", async () => {
    const history = read("training-run--approved-by-signal.json");
    const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes?.activityType.name === "validate");
    if (scheduled?.activityTaskScheduledEventAttributes === undefined) throw new Error("the history holds no validate");
    scheduled.activityTaskScheduledEventAttributes.activityType.name = "evaluate";
    await expect(replay(history)).rejects.toBeInstanceOf(DeterminismViolationError);
  });

  it.each(histories)("%s stays far below the limits of one execution", (name) => {
    expect(read(name).events.length).toBeLessThan(2_000);
    expect(readFileSync(join(folder, name)).byteLength).toBeLessThan(1_000_000);
  });
});

import { describe, expect, it } from "vitest";
import type { RunRecord } from "../../schemas/run.ts";
import { canary, shadow, blueGreen } from "../../index.ts";
import type { DeploymentAnswer } from "../../workflows/messages.ts";
import { eventually, keepHistory, runInput, versionRef } from "./harness.ts";
import { wellBehaved } from "./pretend-server.ts";
import { rolloutStage, type Stage } from "./rollout-stage.ts";

const steps = canary([5, 50, 100], { each: "PT5S", samples: 200 });
const actions = async ({ entries }: Stage) => (await entries()).flatMap(({ operation }) => (operation.kind === "rollout" ? [operation.action] : operation.kind === "promote" || operation.kind === "rollback" ? [`${operation.kind} ${operation.v}`] : [])).slice(1);
const ask = (stage: Stage, name: string, input: object) => stage.handle.executeUpdate<DeploymentAnswer, [object]>(name, { args: [input] });

describe("a rollout", () => {
  it("takes a canary to its end, and the run is promoted only then", async () => {
    await rolloutStage(steps, async (stage) => {
      const v = await stage.approved("b");
      for (const id of ["web-1", "web-2"]) stage.serve(id, wellBehaved);
      await eventually(async () => (await stage.store.get(`replicas/${stage.pipeline}/web-2.json`)) !== null, "the servers are up");
      const input = runInput(stage.pipeline, "0123456789ab");
      const run = await stage.start("trainingRun", input.step.run, [input]);
      await eventually(async () => (await run.query<RunRecord>("progress")).state === "waiting", "the run asks");
      await run.signal("approve", { by: "ann", digest: "d".repeat(64) });
      await eventually(async () => (await actions(stage)).includes("advance"), "the second step");
      expect(await run.query<RunRecord>("progress")).toMatchObject({ stage: "promote", state: "running" });
      expect(await run.result()).toEqual({ state: "promoted", reason: null });
      expect(await actions(stage)).toEqual(["start", "advance", "advance", `promote ${v}`]);
      const advanced = (await stage.entries()).find(({ operation }) => operation.kind === "rollout" && operation.action === "advance")!;
      expect(advanced).toMatchObject({ state: { champion: { v: 1 }, rollout: { step: 1, share: 50 } }, approval: { n: expect.any(Number) } });
      expect(advanced.operation).toMatchObject({ checks: expect.arrayContaining([expect.objectContaining({ gate: "error_rate > 0.01", answer: "yes" }), expect.objectContaining({ gate: "samples", answer: "yes" })]) });
      expect(await stage.problems()).toEqual([]);
      await keepHistory(stage.handle, "deployment--canary-to-the-end");
    }, { replaced: { register: async () => versionRef(2) } });
  });

  it("goes back by the evidence, which the log keeps, and never starts again by itself", async () => {
    await rolloutStage(steps, async (stage) => {
      const v = await stage.approved("b");
      stage.serve("web-1", { ...wellBehaved, outputs: [8, 9, 0, 1] });
      await eventually(async () => (await stage.store.get(`replicas/${stage.pipeline}/web-1.json`)) !== null, "the server is up");
      expect(await stage.propose(v)).toEqual({ status: "rolling-out", v });
      expect(await stage.settled()).toMatchObject({ status: "refused", reason: expect.stringContaining("output_shift") });
      expect(await actions(stage)).toEqual(["start", "abort"]);
      expect((await stage.registry.champion())?.v).toBe(1);
      expect(await stage.propose(v, "run-b")).toMatchObject({ status: "refused", reason: expect.stringContaining("ended by the abort") });
      expect(await ask(stage, "promote", { v, by: "ann" })).toMatchObject({ status: "refused" });
      expect(await stage.problems()).toEqual([]);
      await keepHistory(stage.handle, "deployment--aborted-by-evidence");
    });
  });

  it("waits while it is paused or has no traffic, takes a person's steps, and lets an abort win", async () => {
    await rolloutStage(steps, async (stage) => {
      const v = await stage.approved("b");
      const other = await stage.approved("c");
      stage.serve("web-1", { ...wellBehaved, requests: 0 });
      await eventually(async () => (await stage.store.get(`replicas/${stage.pipeline}/web-1.json`)) !== null, "the server is up");
      await stage.propose(v);
      expect(await stage.propose(other, "run-b")).toEqual({ status: "waiting", v: other });
      expect(await ask(stage, "pause", { by: "ann", reason: "lunch" })).toMatchObject({ status: "committed", v });
      expect((await stage.status()).rollout).toMatchObject({ paused: true, step: 0, reason: "paused" });
      expect(await ask(stage, "setTraffic", { share: 10, by: "ann" })).toMatchObject({ status: "committed" });
      expect(await ask(stage, "advance", { by: "ann" })).toMatchObject({ status: "committed" });
      expect(await ask(stage, "resume", { by: "ann" })).toMatchObject({ status: "committed" });
      await eventually(async () => (await stage.status()).rollout?.checks.some(({ gate, answer }) => gate === "samples" && answer === "not-evaluated") === true, "it says that samples are missing");
      expect((await stage.status()).rollout).toMatchObject({ step: 1, share: 50, paused: false });
      const [aborted, promoted] = await Promise.all([ask(stage, "abort", { by: "ann", reason: "wrong week" }), ask(stage, "promote", { v, by: "bob" })]);
      expect(aborted.status).toBe("committed");
      expect((await stage.registry.champion())?.v, "also where the promotion came first").not.toBe(v);
      expect(await stage.settled()).toMatchObject({ status: "refused", reason: expect.stringContaining("wrong week") });
      await eventually(async () => (await stage.status()).rollout?.v === other, "the next one begins");
      expect(await actions(stage)).toEqual(["start", "pause", "set-traffic", "advance", "resume", ...(promoted.status === "refused" ? ["abort"] : [`promote ${v}`, "rollback 1"]), "start"]);
      expect(await stage.problems()).toEqual([]);
      await keepHistory(stage.handle, "deployment--paused-and-resumed");
    });
  });

  it("makes a blue/green version ready before it switches, and sends back what a server cannot load", async () => {
    await rolloutStage(blueGreen(), async (stage) => {
      const v = await stage.approved("b");
      stage.serve("web-1", wellBehaved);
      await eventually(async () => (await stage.store.get(`replicas/${stage.pipeline}/web-1.json`)) !== null, "the server is up");
      await stage.propose(v);
      expect(await stage.settled()).toMatchObject({ status: "committed", v });
      expect(await ask(stage, "abort", { by: "ann" })).toMatchObject({ status: "refused", reason: "no version is taking over" });
      stage.serve("web-2", { ...wellBehaved, failure: "golden predictions differ" });
      await eventually(async () => (await stage.store.get(`replicas/${stage.pipeline}/web-2.json`)) !== null, "the second server is up");
      await stage.propose(await stage.approved("c"), "run-c");
      expect(await stage.settled("run-c")).toMatchObject({ status: "refused", reason: expect.stringContaining("golden predictions differ") });
      expect(await actions(stage)).toEqual(["start", `promote ${v}`, "start", "abort"]);
      expect((await stage.registry.champion())?.v).toBe(v);
      await keepHistory(stage.handle, "deployment--blue-green");
    });
  });

  it("goes on where it stands in the next execution, also in one that knows only the log", async () => {
    await rolloutStage(shadow({ for: "PT5S", samples: 200, rollbackOn: ["disagreement > 0.2"] }), async (stage) => {
      const v = await stage.approved("b");
      stage.serve("web-1", { ...wellBehaved, requests: 0 });
      await eventually(async () => (await stage.store.get(`replicas/${stage.pipeline}/web-1.json`)) !== null, "the server is up");
      await stage.propose(v);
      const { client } = stage;
      const id = stage.handle.workflowId;
      const { runId } = await client.workflow.getHandle(id).describe();
      await eventually(async () => (await client.workflow.getHandle(id).describe()).runId !== runId, "it continues as new");
      await keepHistory(client.workflow.getHandle(id, runId), "deployment--continued-as-new");
      await eventually(async () => (await client.workflow.getHandle(id).query<{ rollout: { v: number } | null }>("status")).rollout?.v === v, "the next execution has the rollout");
      await client.workflow.getHandle(id).terminate("killed");
      const again = await stage.start("deployment", id, [{ model: stage.pipeline }]);
      await eventually(async () => (await again.query<{ rollout: { run: string } | null }>("status")).rollout?.run === "run-a", "a fresh one finds it in the log");
      stage.serve("web-1", wellBehaved);
      await eventually(async () => (await stage.registry.champion())?.v === v, "it is promoted", 40_000);
      await eventually(async () => (await again.query<{ rollout: unknown }>("status")).rollout === null, "the servers have switched");
      await keepHistory(again, "deployment--adopted-from-the-log");
      expect(await actions(stage)).toEqual(["start", `promote ${v}`]);
      expect(await stage.problems()).toEqual([]);
    }, { state: { events: 30 } });
  });

  it("is begun again by its run where the deployment was taken away, and ends with a run that is cancelled", async () => {
    await rolloutStage(steps, async (stage) => {
      await stage.approved("b");
      stage.serve("web-1", { ...wellBehaved, requests: 0 });
      await eventually(async () => (await stage.store.get(`replicas/${stage.pipeline}/web-1.json`)) !== null, "the server is up");
      const input = runInput(stage.pipeline, "0123456789ab");
      const run = await stage.start("trainingRun", input.step.run, [input]);
      await eventually(async () => (await run.query<RunRecord>("progress")).state === "waiting", "the run asks");
      await run.signal("approve", { by: "ann", digest: "d".repeat(64) });
      await eventually(async () => (await stage.status()).rollout !== null, "it begins");
      await stage.handle.terminate("killed");
      const latest = stage.client.workflow.getHandle(stage.handle.workflowId);
      await eventually(async () => (await latest.describe()).status.name === "RUNNING" && (await latest.query<{ rollout: { run: string } | null }>("status")).rollout?.run === input.step.run, "another deployment goes on with it");
      await run.cancel();
      await expect(run.result()).rejects.toThrow();
      await eventually(async () => (await actions(stage)).at(-1) === "abort", "it is aborted");
      expect(await actions(stage)).toEqual(["start", "abort"]);
    }, { replaced: { register: async () => versionRef(2) } });
  });

  it("answers hostile steering with what is wrong, and takes the next one", async () => {
    await rolloutStage(steps, async (stage) => {
      const odd: Readonly<Record<string, readonly (readonly unknown[])[]>> = { pause: [[]], resume: [[null]], abort: [[{ by: "" }]], advance: [[{ by: "ann" }, 2]], setTraffic: [["ann"], [{ share: "5", by: "ann" }]] };
      for (const [name, all] of Object.entries(odd)) {
        for (const args of all) expect(await stage.handle.executeUpdate(name, { args: args as [] })).toMatchObject({ status: "refused", reason: expect.stringContaining(`${name} needs`) });
        await stage.handle.signal(name);
        await stage.handle.signal(name, { by: "ann", share: 5 });
      }
      await stage.handle.signal("propose", "x");
      expect(await ask(stage, "pause", { by: "ann" })).toEqual({ status: "refused", reason: "no version is taking over" });
      await keepHistory(stage.handle, "deployment--hostile-steering");
    });
  });
});

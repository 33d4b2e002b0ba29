import { describe, expect, it } from "vitest";
import { canonicalBytes, sha256Hex } from "../../stores/canonical.ts";
import { entryKey } from "../../stores/log-entries.ts";
import { createMemoryBucket } from "../../stores/memory-object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { publicKeyOf } from "../../stores/signing.ts";
import { verifyModel } from "../../stores/verify.ts";
import type { Commit } from "../../schemas/commit.ts";
import { approveSample, key, promoteSamples, registerSample, robot } from "./registry-samples.ts";

const checks = [{ gate: "errors", answer: "yes", reason: "0 of 500", observed: 0, limit: 0.01 }] as const;

/** Version 1 serves; versions 2 and 3 are approved against it. */
async function stage() {
  const bucket = createMemoryBucket();
  const store = bucket.connect();
  const registry = openRegistry(store, "flights");
  await promoteSamples(store, registry, ["a"]);
  for (const content of ["b", "c"]) await approveSample(registry, await registerSample(store, registry, content));
  const start = (v = 2, txn = `start ${v}`) => registry.startRollout({ txn, actor: robot, v, id: `rollout-${v}`, kind: "canary", share: 5, reason: "" });
  const step = (action: "advance" | "pause" | "resume" | "set-traffic" | "abort", at = 0, rest: { share?: number; txn?: string; id?: string } = {}) =>
    registry.stepRollout({ txn: rest.txn ?? `${action} ${at}`, actor: robot, id: rest.id ?? "rollout-2", step: at, action, share: rest.share, reason: "seen", checks });
  const promote = (v: number) => registry.promote({ txn: `promote ${v}`, actor: robot, v, run: robot.name });
  const verify = () => verifyModel(bucket.connect(), "flights", { trusted: [publicKeyOf(key)] });
  const running = async () => (await registry.log.tip())?.entry.state.rollout ?? null;
  return { bucket, registry, start, step, promote, verify, running };
}

describe("a rollout in the log", () => {
  it("starts with the approval that allows it, once, and changes nothing of the champion", async () => {
    const { registry, start, verify, running } = await stage();
    const { entry } = await start();
    expect(entry).toMatchObject({ operation: { kind: "rollout", action: "start", v: 2 }, state: { champion: { v: 1 }, rollout: { id: "rollout-2", step: 0, share: 5 } }, expected: { champion: { version: 1 } } });
    expect(entry.approval).not.toBeNull();
    expect(await start()).toMatchObject({ repeated: true, entry: { n: entry.n } });
    await expect(start(3)).rejects.toMatchObject({ type: "Superseded", message: expect.stringContaining("while version 2 was taking over") });
    expect(await running()).toMatchObject({ candidate: { v: 2 } });
    expect((await registry.champion())?.v).toBe(1);
    expect((await verify()).findings).toEqual([]);
  });

  it("starts for no version without an approval that counts", async () => {
    const { bucket, registry, start } = await stage();
    const v = await registerSample(bucket.connect(), registry, "d");
    await expect(start(v)).rejects.toMatchObject({ type: "NotApproved" });
    await expect(start(9)).rejects.toMatchObject({ type: "NotFound" });
    await expect(start(1)).rejects.toMatchObject({ type: "StaleApproval" });
  });

  it("advances, pauses, resumes and moves its traffic, each with what was asked before, and ends with its promotion", async () => {
    const { start, step, promote, verify, running, registry } = await stage();
    await start();
    expect((await step("advance", 0, { share: 25 })).entry.operation).toMatchObject({ checks, rollout: { step: 1, share: 25 } });
    await step("pause", 1);
    expect(await running()).toMatchObject({ paused: true });
    await step("resume", 1);
    await step("set-traffic", 1, { share: 40 });
    expect(await running()).toMatchObject({ step: 1, share: 40, paused: false });
    expect((await promote(2)).entry.state).toMatchObject({ champion: { v: 2 }, rollout: null });
    await expect(step("advance", 1, { txn: "late" })).rejects.toMatchObject({ type: "Superseded", message: expect.stringContaining("is over") });
    expect((await verify()).findings).toEqual([]);
    expect((await registry.log.summaries()).filter((one) => one.kind === "rollout").map((one) => one.action)).toEqual(["start", "advance", "pause", "resume", "set-traffic"]);
  });

  it("takes no step that was decided on another one, or on another rollout", async () => {
    const { start, step } = await stage();
    await start();
    await step("advance", 0, { share: 25 });
    await expect(step("advance", 0, { share: 25, txn: "again" })).rejects.toMatchObject({ type: "Superseded", message: expect.stringContaining("is at step 2 and not at step 1") });
    await expect(step("abort", 1, { id: "rollout-9" })).rejects.toMatchObject({ type: "Superseded" });
    expect((await step("advance", 0, { share: 25 })).repeated).toBe(true);
  });

  it("lets an abort win over every promotion under the same approval, from every state", async () => {
    for (const before of [[], ["advance"], ["pause"], ["set-traffic"]] as const) {
      const { registry, start, step, promote, verify } = await stage();
      await start();
      for (const action of before) await step(action, 0, { share: 25 });
      await step("abort", before[0] === "advance" ? 1 : 0);
      expect((await registry.list()).map(({ status }) => status)).toEqual(["champion", "aborted", "approved"]);
      await expect(promote(2)).rejects.toMatchObject({ type: "StaleApproval", message: expect.stringContaining("ended by the abort") });
      await expect(start(2, "start again")).rejects.toMatchObject({ type: "StaleApproval" });
      await expect(promote(3)).resolves.toMatchObject({ entry: { state: { champion: { v: 3 } } } });
      expect((await verify()).findings).toEqual([]);
    }
  });

  it("refuses to promote another version past it, and ends with a rollback", async () => {
    const { registry, promote, running, bucket, verify } = await stage();
    await promote(2);
    const v = await registerSample(bucket.connect(), registry, "d");
    await approveSample(registry, v);
    await registry.startRollout({ txn: "start d", actor: robot, v, id: "d", kind: "shadow", share: 100, reason: "" });
    await approveSample(registry, 3, "approve 3 again");
    await expect(registry.promote({ txn: "p3", actor: robot, v: 3, run: robot.name })).rejects.toMatchObject({ type: "Superseded", message: expect.stringContaining(`version ${v} is taking over`) });
    await registry.rollback({ txn: "back", actor: robot, reason: "late flights missed" });
    expect(await running()).toBeNull();
    expect((await registry.champion())?.v).toBe(1);
    expect((await verify()).findings).toEqual([]);
  });

  it.each([
    ["a start without its approval", (entry: Commit) => ({ ...entry, approval: null }), "without a decision"],
    ["a candidate of other bytes", (entry: Commit) => ({ ...entry, operation: { ...entry.operation, rollout: { ...entry.state.rollout!, candidate: { ...entry.state.champion!, v: 2 } } } }), "other bytes"],
    ["a start in the middle", (entry: Commit) => ({ ...entry, operation: { ...entry.operation, rollout: { ...entry.state.rollout!, step: 3 } } }), "at step 3"],
  ])("is found out by verify: %s, also where every hash fits", async (_, forge, problem) => {
    const { bucket, start, verify } = await stage();
    const { entry } = await start();
    const body = canonicalBytes(forge(entry));
    const at = entryKey("flights", entry.n);
    bucket.objects.set(at, { ...bucket.objects.get(at)!, body });
    bucket.objects.set("models/flights/head.json", { ...bucket.objects.get("models/flights/head.json")!, body: canonicalBytes({ version: 1, n: entry.n, hash: sha256Hex(body) }) });
    expect((await verify()).findings.map((finding) => finding.problem).join("\n")).toContain(problem);
  });
});

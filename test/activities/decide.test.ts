import { beforeEach, describe, expect, it } from "vitest";
import type { DecideInput } from "../../activities/contract.ts";
import { createDecide } from "../../activities/decide.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { definition } from "../../schemas/definition.ts";
import { approvalDigest } from "../../stores/approval-digest.ts";
import { putJsonBlob } from "../../stores/blobs.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import type { ObjectStore } from "../../stores/object-store.ts";
import { openRegistry } from "../../stores/registry.ts";
import { sampleEvaluation } from "../cli/samples.ts";
import { registerSample } from "../stores/registry-samples.ts";

const run = "planes/run/0";
let store: ObjectStore;
beforeEach(() => void (store = memoryObjectStore()));

/** A question as a workflow asks it, with the yes of these people. */
async function asked(people: readonly string[], { question = {}, evaluation = {} }: { readonly question?: object; readonly evaluation?: object } = {}): Promise<DecideInput> {
  const registry = openRegistry(store, "planes");
  const { model } = (await registry.version(await registerSample(store, registry, "a")))!;
  const evidence = await putJsonBlob(store, { ...sampleEvaluation, run, model, passed: true, ...evaluation });
  const digest = approvalDigest({ run, model: model.sha256, evaluation: evidence.sha256, champion: null });
  const written = definition.parse({
    name: "planes", sources: { planes: { format: "parquet", uri: "/landing", time: "at" } }, columns: { distance: { type: "number" } }, label: { column: "late", task: "binary" },
    windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [{ kind: "atLeast", metric: "auc", value: 0.6 }], approval: { required: 2, approvers: ["ann", "ben"] },
  });
  const window = { from: "2013-01-01T00:00:00Z", to: "2013-02-01T00:00:00Z" };
  return {
    run, pipeline: "planes", definition: await putJsonBlob(store, written), windows: { train: window, holdout: window }, asOf: window.to, v: 1, model, evaluation: evidence, champion: null, decision: "approved",
    question: { digest, v: 1, required: 2, approvers: ["ann", "ben"], askedAt: "2013-03-01T00:00:00.000Z", expiresAt: "2013-03-08T00:00:00Z", ...question },
    answers: people.map((by) => ({ by, claimed: true, decision: "approve", digest, comment: "", at: "2013-03-02T00:00:00.000Z", refused: null })),
  };
}

const decide = (input: DecideInput) => createDecide({ store } as Dependencies)(input);

describe("a decision", () => {
  it("is recorded when all of it holds", async () => {
    expect(await decide(await asked(["ann", "ben"]))).toEqual({ status: "recorded" });
  });

  it.each([
    ["a smaller quorum than the definition's", ["ann"], { question: { required: 1 } }, "NotApproved"],
    ["other approvers than the definition's", ["eve", "mal"], { question: { approvers: ["eve", "mal"] } }, "NotApproved"],
    ["anybody where the definition names approvers", ["eve", "mal"], { question: { approvers: null } }, "NotApproved"],
    ["one person under two spellings", ["ann", "Ann"], {}, "NotApproved"],
    ["evidence that passed no gates", ["ann", "ben"], { evaluation: { passed: false } }, "GateFailed"],
    ["evidence of another model", ["ann", "ben"], { evaluation: { model: { sha256: "0".repeat(64), bytes: 1 } } }, "StaleApproval"],
  ])("is refused, whatever the workflow says, with %s", async (_, people, changes, type) => {
    await expect(decide(await asked(people, changes))).rejects.toMatchObject({ type });
    expect((await openRegistry(store, "planes").log.tip())?.entry.operation.kind).toBe("register");
  });
});

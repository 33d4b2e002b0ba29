import { describe, expect, it } from "vitest";
import type { Activities, PlanResult } from "../../activities/contract.ts";
import type { Trigger } from "../../schemas/cause.ts";
import type { RetrainingStatus } from "../../workflows/messages.ts";
import { blob, calmActivities, eventually, type Harness, keepHistory, runInput, withWorkers } from "./harness.ts";

const trigger = (pipeline: string, key: string): Trigger => ({ pipeline, asOf: "2013-03-01T00:00:00Z", definition: blob("9"), cause: { kind: "person", key, by: "ann" } });

const alarmed = (pipeline: string, i: number, proposal: "retrain" | "fix-data" = "retrain"): Trigger => ({
  ...trigger(pipeline, `alarm ${i}`), cause: { kind: "alarm", key: `alarm ${i}`, by: null }, alarm: { id: String(i).padStart(64, "0"), kind: proposal === "retrain" ? "data-drift" : "broken-data", proposal, message: `alarm ${i}` },
});

/** A run that ends when the test says so. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

async function retrained(replaced: Partial<Activities>, name: string | null, act: (harness: Harness & { signal: (signal: string, ...args: unknown[]) => Promise<void>; state: () => Promise<RetrainingStatus>; configure: (input: object) => Promise<unknown> }) => Promise<void>) {
  return withWorkers(calmActivities(replaced), async (harness) => {
    const handle = await harness.start("retraining", `${harness.pipeline}/retraining`, [{ pipeline: harness.pipeline }]);
    await act({ ...harness, signal: (signal, ...args) => handle.signal(signal, ...args), state: () => handle.query<RetrainingStatus>("state"), configure: (input) => handle.executeUpdate("configure", { args: [input] }) });
    if (name !== null) await keepHistory(handle, `retraining--${name}`);
    await handle.terminate("the test is over");
  });
}

describe("retraining", () => {
  it("runs one at a time, folds what comes meanwhile into one queued run, and says behind what it waits", async () => {
    const first = gate();
    const planned: string[][] = [];
    let runs = 0;
    await retrained({
      planRun: async ({ triggers }): Promise<PlanResult> => {
        planned.push(triggers.map(({ cause }) => cause.key));
        const input = { ...runInput(triggers[0]?.pipeline ?? ""), causes: triggers.map(({ cause }) => cause) };
        return { status: "planned", workflowId: `run-${++runs}`, input };
      },
      awaitRun: async ({ workflowId }) => {
        if (workflowId === "run-1") await first.opened;
        return { state: "promoted", reason: null };
      },
    }, "one-running-one-queued", async ({ pipeline, signal, state }) => {
      await signal("trigger", trigger(pipeline, "a"));
      await eventually(async () => (await state()).running?.workflowId === "run-1", "the first run has started");
      await Promise.all(Array.from({ length: 50 }, (_, i) => signal("trigger", trigger(pipeline, `b${i % 5}`))));
      await eventually(async () => (await state()).queued.length === 5, "five causes are queued");
      expect((await state()).running?.workflowId).toBe("run-1");
      first.open();
      await eventually(async () => (await state()).queued.length === 0 && (await state()).running === null, "the queue is empty");
    });
    expect(planned.map((keys) => [...keys].sort())).toEqual([["a"], ["b0", "b1", "b2", "b3", "b4"]]);
  });

  it("evaluates a version again in its turn, never beside the run that goes on, and apart from what asks for training", async () => {
    const first = gate();
    const planned: string[][] = [];
    let [runs, open, most] = [0, 0, 0];
    await retrained({
      planRun: async ({ triggers }): Promise<PlanResult> => {
        planned.push(triggers.map(({ cause, version }) => `${cause.key} ${version ?? "training"}`));
        return { status: "planned", workflowId: `run-${++runs}`, input: { ...runInput(triggers[0]?.pipeline ?? ""), causes: triggers.map(({ cause }) => cause) } };
      },
      awaitRun: async ({ workflowId }) => {
        most = Math.max(most, ++open);
        if (workflowId === "run-1") await first.opened;
        open--;
        return { state: "promoted", reason: null };
      },
    }, "version-in-its-turn", async ({ pipeline, signal, state }) => {
      await signal("trigger", trigger(pipeline, "a"));
      await eventually(async () => (await state()).running?.workflowId === "run-1", "the first run has started");
      await signal("trigger", { ...trigger(pipeline, "p"), version: 3 });
      await signal("trigger", trigger(pipeline, "b"));
      await signal("trigger", { ...trigger(pipeline, "q"), version: 3 });
      await eventually(async () => (await state()).queued.length === 3, "three causes are queued");
      first.open();
      await eventually(async () => (await state()).started["b"] === "run-3" && (await state()).running === null, "the queue is empty");
    });
    expect(planned).toEqual([["a training"], ["p 3", "q 3"], ["b training"]]);
    expect(most).toBe(1);
  });

  it("starts nothing while it is paused, and everything once it is resumed", async () => {
    let runs = 0;
    await retrained({ planRun: async () => ({ status: "known", workflowId: `run-${++runs}` }) }, "paused-and-resumed", async ({ pipeline, signal, state }) => {
      await signal("pause");
      await signal("trigger", trigger(pipeline, "a"));
      await eventually(async () => (await state()).queued.length === 1, "the cause is queued");
      expect(runs).toBe(0);
      await signal("resume");
      await eventually(async () => (await state()).started["a"] === "run-1", "the run has started");
    });
  });

  it("looks for what has landed as soon as it is told to look, and once it is resumed however long it was paused", async () => {
    let looks = 0;
    const planRun = async ({ triggers }: { readonly triggers: readonly Trigger[] }): Promise<PlanResult> => ({ status: "planned", workflowId: "run-1", input: runInput(triggers[0]!.pipeline), onData: true });
    await retrained({ planRun, newData: async () => (looks++, null) }, "looks-for-data", async ({ pipeline, signal, state, configure }) => {
      await signal("pause");
      await configure({ change: { onData: true }, by: "ann" });
      expect(looks).toBe(0);
      await signal("resume");
      await eventually(() => looks === 1, "it has looked once it was resumed");
      await configure({ change: { onData: false }, by: "ann" });
      await configure({ change: { onData: true }, by: "ann" });
      await eventually(() => looks === 2, "it has looked once it was told to");
      await configure({ change: { onData: false }, by: "ann" });
      await signal("trigger", trigger(pipeline, "a"));
      await eventually(async () => (await state()).started["a"] === "run-1" && (await state()).running === null, "a run has told what the definition says");
      expect(looks).toBe(2);
      await configure({ change: { onData: null }, by: "ann" });
      await eventually(() => looks === 3, "it has looked once it was to do as the definition says");
    });
  });

  it("ignores what is no trigger, and a cause it has seen", async () => {
    let runs = 0;
    await retrained({ planRun: async () => ({ status: "known", workflowId: `run-${++runs}` }) }, "hostile-triggers", async ({ pipeline, signal, state }) => {
      for (const args of [[], [null], ["go"], [trigger("another", "x")], [trigger(pipeline, "a"), 2]]) await signal("trigger", ...args);
      await signal("trigger", trigger(pipeline, "a"));
      await eventually(async () => (await state()).started["a"] === "run-1", "the run has started");
      await signal("trigger", trigger(pipeline, "a"));
      await signal("trigger", trigger(pipeline, "b"));
      await eventually(async () => (await state()).started["b"] === "run-2", "the next run has started");
    });
    expect(runs).toBe(2);
  });

  it("goes on with the next cause when one cannot be planned, and says why", async () => {
    const { ApplicationFailure } = await import("@temporalio/activity");
    let calls = 0;
    await retrained({
      planRun: async () => (calls++ === 0 ? Promise.reject(ApplicationFailure.nonRetryable("definition 9999 is not valid", "InvalidInput")) : { status: "known", workflowId: "run-2" }),
    }, "cannot-be-planned", async ({ pipeline, signal, state }) => {
      await signal("trigger", trigger(pipeline, "a"));
      await eventually(async () => (await state()).problem === "definition 9999 is not valid", "it says why");
      await signal("trigger", trigger(pipeline, "b"));
      await eventually(async () => (await state()).started["b"] === "run-2", "the next run has started");
      expect((await state()).problem).toBeNull();
    });
  });

  it("answers a thousand alarms by one running and one queued run, and decides every one", async () => {
    const first = gate();
    const decided: { alarm: string; decision: string; run: string | null }[] = [];
    let runs = 0;
    await retrained({
      planRun: async ({ triggers }): Promise<PlanResult> => ({ status: "planned", workflowId: `run-${++runs}`, input: { ...runInput(triggers[0]?.pipeline ?? ""), causes: triggers.map(({ cause }) => cause) } }),
      awaitRun: async ({ workflowId }) => {
        if (workflowId === "run-1") await first.opened;
        return { state: "promoted", reason: null };
      },
      recordDecisions: async ({ decisions }) => void decided.push(...decisions),
    }, null, async ({ pipeline, signal, state }) => {
      await signal("trigger", alarmed(pipeline, 0));
      await eventually(async () => (await state()).running?.workflowId === "run-1", "the first run has started");
      for (let i = 1; i < 1_000; i += 50) await Promise.all(Array.from({ length: Math.min(50, 1_000 - i) }, (_, k) => signal("trigger", alarmed(pipeline, i + k))));
      await eventually(async () => (await state()).queued.length === 100, "the queue is full");
      first.open();
      await eventually(async () => (await state()).queued.length === 0 && (await state()).running === null, "the queue is empty");
    });
    expect(runs).toBe(2);
    expect(new Set(decided.map(({ alarm }) => alarm)).size).toBe(1_000);
    expect(decided).toHaveLength(1_000);
    expect(new Set(decided.map(({ decision, run }) => `${decision} ${run}`))).toEqual(new Set(["retrain run-1", "retrain run-2"]));
  });

  it("starts nothing for an alarm that waits, or whose data is broken, until a person asks, and then answers all of it by one run", async () => {
    const decided: { decision: string; run: string | null }[] = [];
    const asked: (string | null)[] = [];
    let runs = 0;
    await retrained({
      planRun: async ({ triggers }) => ({ status: "known", workflowId: `run-${++runs} of ${triggers.length}` }),
      mayRetrain: async ({ triggers, blockedBy }) => {
        asked.push(blockedBy);
        const verdicts = triggers.map(({ cause, alarm }) => (cause.kind === "person" ? { answer: "start" as const } : alarm?.proposal === "fix-data" ? { answer: "drop" as const, reason: "the alarm asks for: fix-data" } : { answer: "wait" as const, until: null, reason: "its data is said to be broken" }));
        return { verdicts, onData: false, budget: { runs: 0, gpuHours: 0, cooldownEnd: null } };
      },
      recordDecisions: async ({ decisions }) => void decided.push(...decisions),
    }, "broken-data-and-a-person", async ({ pipeline, signal, state }) => {
      await signal("trigger", alarmed(pipeline, 1, "fix-data"));
      await eventually(async () => (await state()).blocked?.message === "alarm 1", "the data is said to be broken");
      await signal("trigger", alarmed(pipeline, 2));
      await eventually(async () => (await state()).waiting.length === 1, "the second alarm waits");
      expect(runs).toBe(0);
      await signal("trigger", trigger(pipeline, "p"));
      await eventually(async () => (await state()).started["p"] === "run-1 of 2", "the run has started");
      await signal("unblock", { by: "ann" });
      await eventually(async () => (await state()).blocked === null, "the data is mended");
    });
    expect(decided).toMatchObject([{ decision: "fix-data", run: null }, { decision: "retrain", run: "run-1 of 2", by: "ann (claimed)" }]);
    expect(asked).toEqual(["alarm 1", "alarm 1"]);
  });

  it("lets what waited for broken data go on once the monitoring finds nothing of it any more, but not over a person", async () => {
    await retrained({}, "broken-data-that-cleared", async ({ pipeline, signal, state }) => {
      await signal("trigger", alarmed(pipeline, 1, "fix-data"));
      await eventually(async () => (await state()).blocked?.message === "alarm 1", "the data is said to be broken");
      await signal("mended");
      await eventually(async () => (await state()).blocked === null, "its block has ended");
      await signal("block", alarmed(pipeline, 2, "fix-data").alarm);
      await signal("trigger", alarmed(pipeline, 3, "fix-data"));
      await signal("mended");
      await eventually(async () => Object.keys((await state()).started).length === 2, "the third alarm was decided");
      expect((await state()).blocked).toMatchObject({ message: "alarm 2", asked: true });
      await signal("unblock", { by: "ann" });
      await eventually(async () => (await state()).blocked === null, "a person's word ends it");
    });
  });

  it("decides what asks for no run while another runs, and goes on where a decision cannot be recorded", async () => {
    const { ApplicationFailure } = await import("@temporalio/activity");
    const first = gate();
    const decided: { alarm: string; decision: string }[] = [];
    let runs = 0;
    await retrained({
      planRun: async ({ triggers }): Promise<PlanResult> => ({ status: "planned", workflowId: `run-${++runs}`, input: { ...runInput(triggers[0]?.pipeline ?? ""), causes: triggers.map(({ cause }) => cause) } }),
      awaitRun: async () => {
        await first.opened;
        return { state: "promoted", reason: null };
      },
      recordDecisions: async ({ decisions }) => {
        if (decisions.some(({ alarm }) => alarm.endsWith("3"))) throw ApplicationFailure.nonRetryable("decisions/3 cannot be read", "Corrupt");
        decided.push(...decisions);
      },
    }, "decided-while-it-runs", async ({ pipeline, signal, state }) => {
      await signal("trigger", trigger(pipeline, "constructor"));
      await eventually(async () => (await state()).running?.workflowId === "run-1", "the run has started");
      await signal("trigger", alarmed(pipeline, 2, "fix-data"));
      await eventually(() => decided.length === 1, "the alarm is decided");
      expect((await state()).blocked?.message).toBe("alarm 2");
      await signal("trigger", alarmed(pipeline, 3, "fix-data"));
      await eventually(async () => (await state()).problem === "decisions/3 cannot be read", "it says what is wrong");
      await signal("trigger", alarmed(pipeline, 4, "fix-data"));
      await eventually(() => decided.length === 2, "the next alarm is decided");
      first.open();
      await eventually(async () => (await state()).running === null, "the run has ended");
    });
    expect(decided).toMatchObject([{ decision: "fix-data" }, { decision: "fix-data" }]);
    expect(runs).toBe(1);
  });

  it("loses no cause that waits while another's decision is recorded and a third comes", async () => {
    const recording = gate();
    await retrained({
      mayRetrain: async ({ triggers }) => ({ verdicts: triggers.map(({ cause }) => (cause.key === "alarm 2" ? { answer: "drop" as const, reason: "ann has decided about the alarm: ignore" } : { answer: "wait" as const, until: null, reason: "cooldown" })), onData: false, budget: { runs: 0, gpuHours: 0, cooldownEnd: null } }),
      recordDecisions: () => recording.opened,
    }, null, async ({ pipeline, signal, state }) => {
      await signal("pause");
      for (const i of [1, 2]) await signal("trigger", alarmed(pipeline, i));
      await signal("resume");
      await eventually(async () => (await state()).waiting.length === 1, "the first waits");
      await signal("trigger", alarmed(pipeline, 3));
      recording.open();
      await eventually(async () => (await state()).waiting.length === 2, "both wait");
      expect((await state()).waiting.map(({ trigger }) => trigger.cause.key).sort()).toEqual(["alarm 1", "alarm 3"]);
    });
  });

  it("goes on as new with all that it held: what is known stays known, and what runs, waits or is paused still does", async () => {
    const first = gate();
    const planned: string[][] = [];
    await withWorkers(calmActivities({
      planRun: async ({ triggers }) => {
        planned.push(triggers.map(({ cause }) => cause.key).sort());
        return { status: "known", workflowId: "run-2" };
      },
      awaitRun: async () => {
        await first.opened;
        return { state: "promoted", reason: null };
      },
    }), async ({ pipeline, start }) => {
      const input = runInput(pipeline);
      const carried = { pipeline, paused: true, started: { a: "run-1" }, running: { workflowId: "run-1", input }, queued: [trigger(pipeline, "b")], waiting: [{ trigger: alarmed(pipeline, 1), until: null, reason: "cooldown", proposed: false }] };
      const handle = await start("retraining", `${pipeline}/retraining`, [carried]);
      const state = () => handle.query<RetrainingStatus>("state");
      for (const again of [trigger(pipeline, "a"), trigger(pipeline, "b"), alarmed(pipeline, 1)]) await handle.signal("trigger", again);
      first.open();
      await eventually(async () => (await state()).running === null, "the run has ended");
      expect(planned).toEqual([]);
      await handle.signal("trigger", trigger(pipeline, "c"));
      await handle.signal("resume");
      await eventually(async () => (await state()).started["c"] === "run-2", "the next run has started");
      await handle.terminate("the test is over");
    });
    expect(planned).toEqual([["alarm 1", "b", "c"]]);
  });

  it("records however many decisions in parts that fit", async () => {
    const parts: number[] = [];
    const overflow = Array.from({ length: 10_000 }, (_, i) => String(i + 1).padStart(64, "0"));
    await withWorkers(calmActivities({ planRun: async () => ({ status: "known", workflowId: `run/${"r".repeat(120)}` }), recordDecisions: async ({ decisions }) => void parts.push(decisions.length) }), async (harness) => {
      const handle = await harness.start("retraining", `${harness.pipeline}/retraining`, [{ pipeline: harness.pipeline, overflow }]);
      await handle.signal("trigger", alarmed(harness.pipeline, 0));
      await eventually(() => parts.reduce((sum, n) => sum + n, 0) === 10_001, "all are decided");
      await handle.terminate("the test is over");
    });
    expect(Math.max(...parts)).toBe(250);
  });

  it("puts a change of its settings on the record before it holds, and refuses what is none", async () => {
    const recorded: unknown[] = [];
    await withWorkers(calmActivities({ recordChange: async (changed) => void recorded.push(changed) }), async (harness) => {
      const handle = await harness.start("retraining", `${harness.pipeline}/retraining`, [{ pipeline: harness.pipeline }]);
      expect(await handle.executeUpdate("configure", { args: [{ change: { cooldown: "P3D", maxPerMonth: 4 }, by: "ann", reason: "costs" }] })).toEqual({ cooldown: "P3D", maxPerMonth: 4 });
      expect(await handle.executeUpdate("configure", { args: [{ change: { maxPerMonth: null }, by: "ann" }] })).toEqual({ cooldown: "P3D" });
      for (const odd of [[], [{ by: "ann", change: {} }], [{ by: "ann", change: { cooldown: "soon" } }], [{ change: { mode: "manual" } }], [{ by: "ann", change: { __proto__x: 1 } }]]) {
        await expect(handle.executeUpdate("configure", { args: odd as [unknown] })).rejects.toThrow();
      }
      expect((await handle.query<RetrainingStatus>("state")).change).toEqual({ cooldown: "P3D" });
      await keepHistory(handle, "retraining--configured");
      await handle.terminate("the test is over");
    });
    expect(recorded).toMatchObject([{ by: "ann", reason: "costs", change: { cooldown: "P3D", maxPerMonth: 4 } }, { change: { maxPerMonth: null } }]);
  });
});

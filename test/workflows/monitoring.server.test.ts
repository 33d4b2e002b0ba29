import { describe, expect, it } from "vitest";
import type { Activities, ObserveInput, RaisedAlarm } from "../../activities/contract.ts";
import type { Trigger } from "../../schemas/cause.ts";
import type { ThresholdChange } from "../../schemas/threshold-change.ts";
import type { MonitoringStatus } from "../../workflows/messages.ts";
import { blob, calmActivities, eventually, type Harness, keepHistory, withWorkers } from "./harness.ts";

const day = (n: number): string => new Date(Date.UTC(2013, 2, n)).toISOString();
const window = (n: number) => ({ from: day(n), to: day(n + 1) });
const alarmOf = (n: number): RaisedAlarm => ({ id: n.toString(16).padStart(64, "0"), v: 1, kind: "data-drift", shape: "sudden", at: day(n + 1), window: window(n), message: `distance moved on day ${n}`, proposal: "retrain" });
const reportsOf = ({ windows }: Pick<ObserveInput, "windows">) => ({ reports: windows.map((one) => ({ v: 1, window: one, revision: 1, rows: { base: 10, over: 70 }, worst: { column: "distance", psi: 0.3 }, quality: null })), problems: [] });

/** A log in which days pass: those before `today()` are over. */
const passing = (today: () => number): Pick<Activities, "closeWindows" | "observeWindows"> => ({
  closeWindows: async ({ cursor, limit, newest }) => {
    const first = cursor === null ? 1 : new Date(cursor).getUTCDate();
    const windows = Array.from({ length: Math.max(0, today() - first) }, (_, i) => window(first + i)).slice(0, limit);
    return { windows, watermark: day(today()), newest, pollMs: 300_000, load: null };
  },
  observeWindows: async (input) => reportsOf(input),
});

interface Watched extends Harness {
  readonly latest: () => Promise<MonitoringStatus>;
  readonly check: () => Promise<MonitoringStatus>;
  readonly signal: (name: string, ...args: unknown[]) => Promise<void>;
  readonly set: (...args: unknown[]) => Promise<ThresholdChange>;
}

async function watched(replaced: Partial<Activities>, name: string | null, act: (watched: Watched) => Promise<void>, events?: number): Promise<void> {
  await withWorkers(calmActivities(replaced), async (harness) => {
    const workflowId = `${harness.pipeline}/monitoring`;
    await harness.start("monitoring", workflowId, [{ pipeline: harness.pipeline, definition: blob("9"), ...(events === undefined ? {} : { events }) }]);
    const handle = harness.client.workflow.getHandle(workflowId);
    const update = <T>(what: string, args: unknown[]): Promise<T> => handle.executeUpdate(what, { args: args as [] }) as Promise<T>;
    await act({ ...harness, latest: () => handle.query("latest"), check: () => update("check", []), signal: (what, ...args) => handle.signal(what, ...args), set: (...args) => update("setThreshold", args) });
    if (name !== null) await keepHistory(handle, `monitoring--${name}`);
    await handle.terminate("the test is over");
  });
}

describe("monitoring", () => {
  it("tells of every window once, hands each alarm to retraining once, and goes on so for ever", async () => {
    const told: Trigger[] = [];
    const observed: string[] = [];
    let today = 4;
    await watched({
      ...passing(() => today),
      observeWindows: async (input) => {
        observed.push(...input.windows.map(({ from }) => from));
        return reportsOf(input);
      },
      judgeWindows: async ({ reports, open }) => ({ alarms: reports.map(({ window: { from } }) => alarmOf(Math.min(3, new Date(from).getUTCDate()))), open: { ...open, 1: { windows: Number(open[1]?.["windows"] ?? 0) + reports.length } } }),
      signalRetraining: async (trigger) => void told.push(trigger),
    }, "gone-on-as-new", async ({ check, latest, pipeline }) => {
      const first = await check();
      expect(first).toMatchObject({ cursor: day(4), watermark: day(4), latest: [{ v: 1, window: window(3), worst: { column: "distance" } }], problem: null });
      today = 30;
      const last = await check();
      expect(last).toMatchObject({ cursor: day(30), latest: [{ window: window(29) }] });
      expect(last.alarms.map(({ id }) => id)).toEqual([3, 2, 1].map((n) => alarmOf(n).id));
      expect(told.map(({ asOf, cause, alarm, pipeline: of }) => [asOf, cause, alarm?.kind, of])).toEqual([1, 2, 3].map((n) => [day(4), { kind: "alarm", key: alarmOf(n).id, by: null }, "data-drift", pipeline]));
      await eventually(async () => (await latest()).checkedAt !== null && (await latest()).cursor === day(30), "the next execution has looked too");
    }, 40);
    expect(observed).toEqual(Array.from({ length: 29 }, (_, i) => day(i + 1)));
  });

  it("says once that what it doubted of the data has cleared, to whom it had told of it", async () => {
    let today = 2;
    const blocks: (string | undefined)[] = [];
    await watched({
      ...passing(() => today),
      judgeWindows: async ({ reports }) => {
        const broken = reports.every(({ window: { from } }) => new Date(from).getUTCDate() < 3);
        return { alarms: broken ? [{ ...alarmOf(1), kind: "broken-data", proposal: "fix-data" }] : [], open: { 1: (broken ? { "broken-data null_share distance": 0 } : {}) as Record<string, number> } };
      },
      signalRetraining: async () => undefined,
    }, "data-mended", async ({ check, pipeline, start }) => {
      await check();
      const retraining = await start("retraining", `${pipeline}/retraining`, [{ pipeline, blocked: { id: alarmOf(1).id, kind: "broken-data", proposal: "fix-data", message: "distance is stuck" } }]);
      const blocked = async () => (await retraining.query<{ blocked: { message: string } | null }>("state")).blocked?.message;
      blocks.push(await blocked());
      today = 3;
      await check();
      blocks.push(await blocked());
      today = 4;
      await check();
      await eventually(async () => (await blocked()) === undefined, "the block has ended");
      today = 5;
      await check();
      await retraining.terminate("the test is over");
    });
    expect(blocks).toEqual(["distance is stuck", "distance is stuck"]);
  });

  it("has what came late told anew, up to where it has come", async () => {
    const asked: ObserveInput[] = [];
    let late = false;
    await watched({
      ...passing(() => 3),
      lateWindows: async ({ seen }) => ({ windows: late ? [window(1)] : [], labelled: late ? [window(2)] : [], seen: late ? day(9) : seen, told: [] }),
      observeWindows: async (input) => {
        asked.push(input);
        return reportsOf(input);
      },
    }, "restated", async ({ check }) => {
      await check();
      late = true;
      await check();
    });
    expect(asked.map(({ windows, labelled, until }) => [windows.length, labelled.length, until])).toEqual([[2, 0, null], [1, 1, day(3)]]);
  });

  it("records a change of a threshold, refuses what is none, and takes over a definition", async () => {
    const definitions: string[] = [];
    await watched({
      closeWindows: async ({ definition, newest }) => {
        definitions.push(definition.sha256.slice(0, 1));
        return { windows: [], watermark: null, newest, pollMs: 300_000, load: { looks: 1, servers: 1, rssBytes: 1, cpu: 0.5, queued: 0 } };
      },
    }, "thresholds-and-definition", async ({ set, latest, signal, check }) => {
      expect(await set({ metric: "psi", threshold: { above: 0.4 }, by: "ann", reason: "noisy" })).toMatchObject({ n: 1, metric: "psi", threshold: { above: 0.4 }, by: "ann", reason: "noisy" });
      await set({ metric: "psi distance", threshold: "off", by: "ann" });
      for (const args of [[], [null], ["psi"], [{ metric: "psi", threshold: "often", by: "ann" }], [{ metric: "psi", threshold: {}, by: "ann" }], [{ metric: "psi", threshold: "off" }], [{ metric: "psi", threshold: "off", by: "ann" }, 2]]) await expect(set(...args)).rejects.toThrow();
      expect((await latest()).thresholds).toEqual({ psi: { above: 0.4 }, "psi distance": "off" });
      for (const args of [[], [null], [{ definition: "x" }], [{ definition: blob("9") }]]) await signal("watch", ...args);
      await signal("watch", { definition: blob("8") });
      await eventually(() => definitions.includes("8"), "it looks by the new definition");
      expect((await check()).definition).toEqual(blob("8"));
    });
  });

  it("says why a look failed, and looks again", async () => {
    const { ApplicationFailure } = await import("@temporalio/activity");
    let broken = true;
    await watched({
      ...passing(() => 2),
      observeWindows: async (input) => (broken ? Promise.reject(ApplicationFailure.nonRetryable("an object cannot be read", "Corrupt")) : { ...reportsOf(input), problems: ["3 rows are of nobody"] }),
    }, "a-look-that-failed", async ({ check }) => {
      expect(await check()).toMatchObject({ problem: "an object cannot be read", cursor: null });
      broken = false;
      expect(await check()).toMatchObject({ problem: "3 rows are of nobody", cursor: day(2) });
      expect(await check()).toMatchObject({ problem: "3 rows are of nobody" });
    });
  });
});

import { describe, expect, it } from "vitest";
import type { Activities } from "../../activities/contract.ts";
import type { DeploymentStatus } from "../../workflows/messages.ts";
import { calmActivities, eventually, type Harness, keepHistory, versionRef, withWorkers } from "./harness.ts";

async function deployed(replaced: Partial<Activities>, name: string, act: (handle: Awaited<ReturnType<Harness["start"]>>) => Promise<void>) {
  return withWorkers(calmActivities(replaced), async (harness) => {
    const handle = await harness.start("deployment", `${harness.pipeline}/deployment`, [{ model: harness.pipeline }]);
    await act(handle);
    await keepHistory(handle, `deployment--${name}`);
    await handle.terminate("the test is over");
  });
}

const status = (handle: Awaited<ReturnType<Harness["start"]>>) => handle.query<DeploymentStatus>("status");

describe("deployment", () => {
  it("commits proposals and rollbacks one at a time, in order, and tells the waiting runs", async () => {
    const order: string[] = [];
    let busy = 0;
    const commit = async (title: string, v: number) => {
      expect(++busy).toBe(1);
      await new Promise((next) => setTimeout(next, 20));
      busy--;
      order.push(title);
      return { status: "committed", n: order.length, champion: versionRef(v) } as const;
    };
    await deployed({
      promote: ({ v }) => commit(`promote ${v}`, v), rollback: ({ to }) => commit(`rollback ${to}`, to ?? 1),
      announceChampion: async ({ except }) => void order.push(`announce, not to ${except}`),
    }, "serial-commits", async (handle) => {
      const answers = await Promise.all([
        handle.executeUpdate("propose", { args: [{ v: 2, run: "run-a" }], updateId: "a" }),
        handle.executeUpdate("propose", { args: [{ v: 2, run: "run-a" }], updateId: "a" }),
        handle.executeUpdate("rollback", { args: [{ by: "ann", to: 1 }] }),
      ]);
      expect(answers[0]).toEqual(answers[1]);
      expect((await status(handle)).champion).not.toBeNull();
    });
    expect(order.filter((line) => line.startsWith("promote"))).toEqual(["promote 2"]);
    expect(order).toContain("announce, not to run-a");
  });

  it("ends with an abort whatever was to be promoted and has not begun, whoever came first", async () => {
    const promoted: unknown[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await deployed({
      rollback: async () => held.then(() => ({ status: "committed", n: 4, champion: versionRef(1) }) as const),
      promote: async ({ v, by, reason }) => {
        promoted.push({ v, by, reason });
        return { status: "committed", n: 5, champion: versionRef(v) };
      },
    }, "abort-before-promotions", async (handle) => {
      const back = handle.executeUpdate("rollback", { args: [{ by: "ann" }] });
      await eventually(async () => (await status(handle)).busy, "the rollback is under way");
      const asked = [2, 3].map((v) => handle.executeUpdate("promote", { args: [{ v, by: "bob" }], updateId: `promote ${v}` }));
      await eventually(async () => (await handle.fetchHistory()).events!.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes != null).length === 3, "both promotions wait");
      const aborted = handle.executeUpdate("abort", { args: [{ by: "cleo", reason: "not today" }] });
      await eventually(async () => (await handle.fetchHistory()).events!.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes != null).length === 4, "the abort waits before them");
      release();
      expect(await back).toMatchObject({ status: "committed" });
      expect(await aborted).toEqual({ status: "committed", n: 0, v: expect.any(Number), reason: "its promotion had not begun, so the log says nothing of it" });
      for (const answer of asked) expect(await answer).toEqual({ status: "refused", reason: "aborted before its turn came, by cleo: not today" });
      expect(promoted).toEqual([]);
      expect(await handle.executeUpdate("promote", { args: [{ v: 3, by: "bob", reason: "after all" }] })).toMatchObject({ status: "committed", v: 3 });
      expect(promoted).toEqual([{ v: 3, by: "bob", reason: "after all" }]);
    });
  });

  it("answers what the store refuses, and lives on", async () => {
    await deployed({ promote: async () => ({ status: "refused", reason: "version 9 has no decision yet" }) }, "refused", async (handle) => {
      expect(await handle.executeUpdate("promote", { args: [{ v: 9, by: "ann" }] })).toEqual({ status: "refused", reason: "version 9 has no decision yet" });
      expect(await handle.executeUpdate("rollback", { args: [{ by: "ann" }] })).toMatchObject({ status: "committed" });
    });
  });

  it("answers hostile requests with what is wrong, and takes the next one", async () => {
    await deployed({}, "hostile-requests", async (handle) => {
      expect(await handle.executeUpdate("promote", { args: [] })).toMatchObject({ status: "refused" });
      expect(await handle.executeUpdate("propose", { args: [null] })).toMatchObject({ status: "refused" });
      expect(await handle.executeUpdate("rollback", { args: [{ by: "ann", to: "../1" }] })).toMatchObject({ status: "refused" });
      await handle.signal("rollback");
      await handle.signal("promote", "x", "y");
      await handle.signal("rollback", { by: "ann" });
      await eventually(async () => (await status(handle)).recent.length === 1, "the valid signal is carried out");
    });
  });
});

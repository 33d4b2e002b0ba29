import { expect, it } from "vitest";
import type { Trigger } from "../../schemas/cause.ts";
import { blob, calmActivities, eventually, keepHistory, withWorkers } from "./harness.ts";

it("a Schedule's trigger passes its nominal time on as the cause, in the order of the backfill", async () => {
  const sent: Trigger[] = [];
  await withWorkers(calmActivities({ signalRetraining: async (trigger) => void sent.push(trigger) }), async ({ client, pipeline, queue }) => {
    const schedule = await client.schedule.create({
      scheduleId: `${pipeline}/schedule`, spec: { cronExpressions: ["0 3 1 * *"], timezone: "America/New_York" }, policies: { overlap: "BUFFER_ALL" }, state: { paused: true },
      action: { type: "startWorkflow", workflowType: "trigger", workflowId: `${pipeline}/trigger`, taskQueue: queue, args: [{ pipeline, definition: blob("9") }] },
    });
    await schedule.backfill({ start: new Date("2013-02-15T00:00:00Z"), end: new Date("2013-04-15T00:00:00Z"), overlap: "BUFFER_ALL" });
    await eventually(() => sent.length === 2, "both nominal times were passed on");
    const { info } = await schedule.describe();
    const [first] = info.recentActions;
    if (first?.action.type === "startWorkflow") await keepHistory(client.workflow.getHandle(first.action.workflow.workflowId), "trigger--nominal-time");
    await schedule.delete();
  });
  expect(sent.map(({ asOf, cause }) => [asOf, cause.kind, cause.key])).toEqual([
    ["2013-03-01T08:00:00.000Z", "schedule", "2013-03-01T08:00:00.000Z"],
    ["2013-04-01T07:00:00.000Z", "schedule", "2013-04-01T07:00:00.000Z"],
  ]);
});

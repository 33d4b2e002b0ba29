import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createSendNotice } from "../../activities/send-notice.ts";
import { announce } from "../../activities/support/announce.ts";
import type { Notice } from "../../schemas/notice.ts";
import type { NoticeReceiver } from "../../schemas/notice-receiver.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import type { NoticeEnd } from "../../workflows/notices.ts";
import { calmActivities, keepHistory, withWorkers } from "./harness.ts";

const noticeFor = (pipeline: string): Notice => ({ id: `${pipeline}-promoted-1`, type: "model.promoted", pipeline, subject: `${pipeline}@1`, time: "2013-03-01T00:00:00Z", data: { v: 1 } });

it("an activity's end tells each receiver that wants to hear, once, however often the activity is tried, and again after a receiver that fails", async () => {
  const answers = [500, 204];
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.url} ${request.headers["webhook-id"] as string}`);
    request.resume().on("end", () => response.writeHead(request.url === "/flaky" ? (answers.shift() ?? 204) : 204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const receiver = (name: string, events: NoticeReceiver["events"]): NoticeReceiver => ({ name, url: `${url}/${name}`, secret: [`whsec_${Buffer.alloc(32, name).toString("base64")}`], events, allow: [] });
  const notices = [receiver("calm", ["model.promoted"]), receiver("flaky", ["model.promoted"]), receiver("deaf", ["alarm.raised"])];
  let deps: Pick<Dependencies, "notices" | "workflows"> | null = null;
  let tries = 0;
  const activities = calmActivities({
    sendNotice: createSendNotice({ store: memoryObjectStore(), notices, now: () => new Date().toISOString() }),
    // Stands for any activity that tells something: it is tried again after it has told.
    signalRetraining: async ({ pipeline }) => {
      await announce(deps!, noticeFor(pipeline));
      if (tries++ === 0) throw new Error("the worker died here");
    },
  });
  try {
    await withWorkers(activities, async ({ start, client, pipeline }) => {
      deps = { notices, workflows: client.workflow };
      await (await start("trigger", `${pipeline}/trigger`, [{ pipeline, definition: { sha256: "9".repeat(64), bytes: 1 } }])).result();
      const handle = client.workflow.getHandle(`${pipeline}/notices/${pipeline}-promoted-1`);
      expect(await handle.result()).toEqual<NoticeEnd[]>([{ receiver: "calm", tries: 1, reason: null }, { receiver: "flaky", tries: 2, reason: null }]);
      expect(tries).toBe(2);
      expect(heard.sort()).toEqual(["/calm", "/flaky", "/flaky"].map((path) => `${path} ${pipeline}-promoted-1`));
      await keepHistory(handle, "notices--tried-again");
    });
  } finally {
    server.close();
  }
});

it("a notice that is none ends at once, and a receiver that wants no more is not asked again", async () => {
  const activities = calmActivities({ sendNotice: async () => ({ status: "dropped", reason: "it answered 410" }) });
  await withWorkers(activities, async ({ start, pipeline }) => {
    const handle = await start("notices", `${pipeline}/notices/one`, [{ notice: noticeFor(pipeline), receivers: ["gone"] }]);
    expect(await handle.result()).toEqual<NoticeEnd[]>([{ receiver: "gone", tries: 1, reason: "it answered 410" }]);
    await keepHistory(handle, "notices--dropped");
    const hostile = await start("notices", `${pipeline}/notices/two`, ["x"]);
    await expect(hostile.result()).rejects.toMatchObject({ cause: { type: "InvalidInput" } });
  });
});

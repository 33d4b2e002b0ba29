import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Activities } from "../../activities/contract.ts";
import { createAnnounceChampion } from "../../activities/announce-champion.ts";
import type { Dependencies } from "../../activities/dependencies.ts";
import { createCloseWindows } from "../../activities/monitor/close-windows.ts";
import { createJudgeWindows } from "../../activities/monitor/judge-windows.ts";
import { createLateWindows } from "../../activities/monitor/late-windows.ts";
import { createObserveWindows } from "../../activities/monitor/observe-windows.ts";
import { createRecordThreshold } from "../../activities/monitor/record-threshold.ts";
import { createSignalRetraining } from "../../activities/signal-retraining.ts";
import type { Alarm } from "../../schemas/alarm.ts";
import { environmentOf, type Settings } from "../../schemas/settings.ts";
import type { WindowReport } from "../../schemas/window-report.ts";
import { listAlarms } from "../../stores/alarms.ts";
import { listThresholdChanges } from "../../stores/threshold-changes.ts";
import { openStores, type Stores } from "../../workers/connect.ts";
import type { MonitoringStatus } from "../../workflows/messages.ts";
import { type MonitorStage, monitorStage } from "../activities/monitor-stage.ts";
import { testSettings } from "../support/settings.ts";
import { calmActivities, eventually, versionRef, withWorkers } from "../workflows/harness.ts";
import { relearn } from "./harness.ts";

let settings: Settings;
let stores: Stores;
let stage: MonitorStage;
const name = `rides-${Math.random().toString(36).slice(2, 8)}`;

beforeAll(async () => {
  settings = await testSettings("monitor");
  stores = openStores(settings);
  stage = await monitorStage({ over: "P2D", outputs: { "sent to a human": "avg((score between 0.2 and 0.3)::int)" } }, { store: stores.store, name });
});
afterAll(() => {
  stores.close();
  rmSync(settings.home, { recursive: true, force: true });
});

function activities(workflows: Dependencies["workflows"]): Activities {
  const deps = { store: stores.store, scratch: join(settings.home, "scratch"), now: () => new Date().toISOString(), workflows } as Dependencies;
  return calmActivities({
    promote: async ({ v }) => ({ status: "committed", n: 3, champion: versionRef(v) }), announceChampion: createAnnounceChampion(deps), signalRetraining: createSignalRetraining(deps),
    closeWindows: createCloseWindows(deps), lateWindows: createLateWindows(deps), observeWindows: createObserveWindows(deps), judgeWindows: createJudgeWindows(deps), recordThreshold: createRecordThreshold(deps),
  });
}

test("a promoted version is watched: windows are told of as event time passes them, what moved alarms and reaches retraining, and a person looks and sets", async () => {
  const say = (...args: string[]) => relearn({ PATH: process.env["PATH"] ?? "", HOME: settings.home, ...environmentOf(settings) }, "monitor", ...args);
  for (const n of [1, 2]) await stage.ask(`2013-03-0${n}T10:00:00Z`, 300);
  let client: Dependencies["workflows"] | undefined;
  await withWorkers(activities(new Proxy({}, { get: (_, key) => Reflect.get(client as object, key).bind(client) }) as Dependencies["workflows"]), async (harness) => {
    client = harness.client.workflow;
    const deployment = await harness.start("deployment", `${name}/deployment`, [{ model: name }]);
    await deployment.executeUpdate("promote", { args: [{ v: 1, by: "ann" }] as never });
    const monitoring = harness.client.workflow.getHandle(`${name}/monitoring`);
    await eventually(async () => (await monitoring.query<MonitoringStatus>("latest").catch(() => null))?.cursor === "2013-03-02T00:00:00Z", "the first day is told of");
    await stage.ask("2013-03-03T10:00:00Z", 300, { distance: "19" });
    await stage.ask("2013-03-04T00:00:00Z", 5);
    expect(await say("check", name)).toMatchObject({ exitCode: 0, out: expect.stringMatching(/told of until 2013-03-04 00:00:00Z/) as string });

    const status = await say("status", name);
    expect(status).toMatchObject({ exitCode: 0, err: "" });
    expect(status.out).toMatch(/2013-03-03 00:00Z +v1 +300 +600 +\S+ distance/);
    expect(status.out).toMatch(/data-drift: column distance has moved/);
    const [last] = (await say("show", name, "--json")).json<WindowReport[]>();
    expect(last).toMatchObject({ v: 1, window: { from: "2013-03-03T00:00:00Z" }, rows: { base: 300, over: 600 }, revision: 1 });
    expect((await say("show", name, "--window", "2013-03-02T12:00:00Z")).out).toMatch(/sent to a human +0\.5 /);
    expect(await say("show", name, "--window", "2012-01-01")).toMatchObject({ exitCode: 1, err: expect.stringContaining("no window") as string });

    const alarms: Alarm[] = [];
    for await (const alarm of listAlarms(stores.store, name)) alarms.push(alarm);
    expect(alarms.filter(({ kind }) => kind === "data-drift")).toMatchObject([{ v: 1, kind: "data-drift", at: "2013-03-04T00:00:00Z", evidence: [{ metric: "psi", subject: "distance" }] }]);
    const retraining = harness.client.workflow.getHandle(`${name}/retraining`);
    await eventually(async () => JSON.stringify(await retraining.query("state")).includes(alarms.find(({ kind }) => kind === "data-drift")!.id), "retraining knows the alarm");

    expect(await say("set", name, "psi", "above=100", "--by", "ann", "--reason", "the fleet has changed")).toMatchObject({ exitCode: 0, out: expect.stringMatching(/alarms above 100 from the next window on/) as string });
    expect(await listThresholdChanges(stores.store, name)).toMatchObject([{ n: 1, metric: "psi", threshold: { above: 100 }, by: "ann", reason: "the fleet has changed" }]);
    expect(await say("set", name, "psi", "sometimes")).toMatchObject({ exitCode: 2, err: expect.stringContaining("above=NUMBER") as string });
    expect(await say("set", name, "psii", "above=0.3", "--by", "ann")).toMatchObject({ exitCode: 1, err: expect.stringMatching(/no window of \S+ tells of "psii"; there are: .*auc.*psi.*sent to a human.*"\w+ distance"/) as string });
    expect(await say("set", name, "skew_share carrier", "off", "--by", "ann")).toMatchObject({ exitCode: 1, err: expect.stringContaining("skew_share") as string });
    await stage.ask("2013-03-02T20:00:00Z", 100, { name: "late" });
    await say("check", name);
    expect((await say("show", name, "--json")).json<WindowReport[]>()).toMatchObject([{ revision: 2, rows: { base: 300, over: 700 } }]);
    for (const one of [monitoring, retraining, deployment]) await one.terminate("the test is over");
  });
});

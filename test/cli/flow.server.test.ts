import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { findProgram } from "../../infra/programs.ts";
import type { Alarm } from "../../schemas/alarm.ts";
import type { Commit } from "../../schemas/commit.ts";
import type { RunRecord } from "../../schemas/run.ts";
import type { RolloutStatus } from "../../workflows/messages.ts";
import { putAlarm } from "../../stores/alarms.ts";
import { entryKey } from "../../stores/log-entries.ts";
import { relearn, relearnAtTerminal } from "./harness.ts";
import { pretendServer, wellBehaved } from "../workflows/pretend-server.ts";
import { openStage, type Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => void (stage = await openStage()), 90_000);
afterAll(() => stage.close(), 60_000);
beforeEach(() => void Object.assign(stage.script, { passed: true, trainingMs: 0, refused: null }));

const say = (...args: string[]) => relearn(stage.env, ...args);
const latest = async (pipeline: string): Promise<RunRecord> => (await say("runs", pipeline, "--json")).json<RunRecord[]>()[0]!;

/** Runs until the approval, and answers yes. */
async function promoted(pipeline: string): Promise<RunRecord> {
  expect((await say("run", stage.definition(pipeline), "--by", "ann")).exitCode).toBe(4);
  const { run, question } = await latest(pipeline);
  expect((await say("approve", run, "--digest", question!.digest.slice(0, 12), "--by", "bob")).exitCode).toBe(0);
  expect((await say("watch", run)).exitCode).toBe(0);
  return latest(pipeline);
}

/** The digest of what the newest run asks, once it asks. */
async function waitingQuestion(pipeline: string): Promise<string> {
  await expect.poll(async () => (await latest(pipeline)).state, { timeout: 20_000 }).toBe("waiting");
  return (await latest(pipeline)).question!.digest;
}

/** Does what a person does who pastes a printed `temporal` line. */
async function paste(line: string): Promise<void> {
  await promisify(execFile)("sh", ["-c", line.replace(/^temporal/, `'${findProgram("temporal", stage.settings.root)}'`)], { timeout: 20_000 });
}

describe("a run from the command line", () => {
  it("goes to its approval, shows the evidence, and ends with 4 where nobody waits", async () => {
    stage.script.trainingMs = 700;
    const { exitCode, out } = await say("run", stage.definition("one"), "--as-of", "2013-03-01", "--by", "ann");
    expect({ exitCode, out }).toMatchObject({ exitCode: 4 });
    expect(out).toMatch(/temporal workflow signal-with-start .*--workflow-id one\/retraining/);
    expect(out).toMatch(/one\/run\/[0-9a-f]{12} train/);
    expect(out).toMatch(/auc +0\.72 \[0\.71, 0\.73\]/);
    const run = await latest("one");
    expect(out).toContain(run.question!.digest);
    expect(out).toMatch(/Data: 1,010 rows, 10 of them quarantined[^]*10 rows break distance >= 0/);
    expect(run).toMatchObject({ asOf: "2013-03-01T05:00:00.000Z", causes: [{ kind: "person", by: "ann" }], state: "waiting" });
  });

  it("is approved by the very temporal line it printed", async () => {
    const { out } = await say("run", stage.definition("pasted"));
    const line = /temporal workflow signal --workflow-id .*$/m.exec(out)![0];
    await paste(line);
    const { run } = await latest("pasted");
    const watched = await say("watch", run, "--wait");
    expect({ exitCode: watched.exitCode, out: watched.out }).toMatchObject({ exitCode: 0 });
    expect(watched.out).toMatch(/promoted: version 1 of pasted serves now/);
    expect((await latest("pasted")).answers).toMatchObject([{ by: "you", claimed: true, refused: null }]);
  });

  it("lives on after whatever Temporal's own CLI can send it, and then takes the printed line", async () => {
    const { out } = await say("run", stage.definition("hostile"));
    const valid = /temporal workflow signal --workflow-id .*$/m.exec(out)![0];
    const bare = valid.replace(/ --input '[^']*'/, "");
    const inputs = ["", " --input 1".repeat(10), ` --input '"${"x".repeat(100_000)}"'`, " --input '{}' --input-meta encoding=foo/bar", " --input AAECAw== --input-base64 --input-meta encoding=binary/plain", " --input null", " --input '[[[]]]'", ` --input '{"by":"eve\\ud800","digest":"000000000000","comment":"\\ud83d"}'`];
    for (const input of inputs) await paste(`${bare}${input}`);
    await paste(valid);
    const { run } = await latest("hostile");
    expect((await say("watch", run, "--wait")).exitCode).toBe(0);
    expect((await latest("hostile")).answers.map((answer) => answer.refused === null)).toEqual([...inputs.map(() => false), true]);
  });

  it("is refused an answer to something else, a second answer and an answer too late, with exit code 4 and the reason", async () => {
    await say("run", stage.definition("answers"));
    const { run, question } = await latest("answers");
    const digest = question!.digest.slice(0, 12);
    const other = await say("approve", run, "--digest", "0".repeat(12), "--json");
    expect(other.exitCode).toBe(4);
    expect(JSON.parse(other.err).error).toMatchObject({ type: "StaleApproval", message: expect.stringContaining(digest) });
    const counted = await say("approve", run.split("/").at(-1)!, "--digest", digest, "--by", "ann", "--comment", "it's good", "--json");
    expect(counted.json()).toMatchObject({ by: "ann", comment: "it's good", refused: null, temporal: expect.stringContaining("temporal workflow update execute") });
    expect((await say("watch", run, "--wait")).exitCode).toBe(0);
    const late = await say("approve", run, "--digest", digest, "--by", "eve");
    expect([late.exitCode, late.err]).toEqual([4, expect.stringContaining("has ended already: promoted. The answer of eve does not count; it is kept in the run's record")]);
    const record = await latest("answers");
    expect(record.answers.map(({ by, decision, refused }) => [by, decision, refused])).toEqual([
      [expect.any(String), "approve", expect.stringContaining("what waits is")], ["ann", "approve", null], ["eve", "approve", "the run has ended already: promoted"],
    ]);
    expect(record).toMatchObject({ state: "promoted", stage: "done" });
  });

  it("that was taken away from under Temporal refuses an answer too, and keeps it", async () => {
    await say("run", stage.definition("taken"));
    const { run, question } = await latest("taken");
    await paste(`temporal workflow terminate --workflow-id ${run} --address ${stage.settings.temporal.address}`);
    const late = await say("reject", run, "--digest", question!.digest, "--by", "eve");
    expect([late.exitCode, late.err]).toEqual([4, expect.stringContaining("does not run any more; it was last waiting at approve")]);
    expect((await latest("taken")).answers).toMatchObject([{ by: "eve", decision: "reject", refused: expect.stringContaining("does not run any more") }]);
  });

  it("is drawn in place at a terminal, waits there for the answer, and goes on to its end", async () => {
    stage.script.trainingMs = 1_000;
    const answers: Promise<unknown>[] = [];
    const { exitCode, out } = await relearnAtTerminal(stage.env, ["run", stage.definition("live")], (text) => {
      const line = /relearn (approve live\/run\/\w+ --digest \w+)/.exec(text)?.[1];
      if (line !== undefined && answers.length === 0) answers.push(say(...line.split(" "), "--by", "ann"));
    });
    expect(exitCode).toBe(0);
    expect(out).toMatch(/\u001b\[8A.*\u001b\[2K/s);
    expect(out).toMatch(/✔\S* train +1\.\d s +800 rows/);
    expect(out).toContain("promoted: version 1 of live serves now");
    await Promise.all(answers);
  });

  it("goes on after Ctrl-C, which says how to come back", async () => {
    stage.script.trainingMs = 3_000;
    let pressed = false;
    const { exitCode, out } = await relearnAtTerminal(stage.env, ["run", stage.definition("left")], (text, person) => {
      if (!pressed && text.includes("800 rows")) person.pressesCtrlC();
      pressed ||= text.includes("800 rows");
    });
    const [, run] = /left\/run\/\w+ goes on\. Come back with: (?:npx )?relearn watch (left\/run\/\w+)/.exec(out)!;
    expect([exitCode, (await latest("left")).state]).toEqual([130, "running"]);
    expect((await say("watch", run!)).exitCode).toBe(4);
  });

  it("is approved at a terminal by a person who has seen the whole digest", async () => {
    await say("run", stage.definition("seen"));
    const { question } = await latest("seen");
    let typed = false;
    const { exitCode, out } = await relearnAtTerminal(stage.env, ["approve", "seen", "--by", "ann"], (text, person) => {
      if (!typed && text.includes("[y/N]")) person.types("y");
      typed ||= text.includes("[y/N]");
    });
    expect([exitCode, out]).toEqual([0, expect.stringContaining(question!.digest)]);
    expect(out).toContain("approved: the answer of ann counts");
  });

  it("needs a digest where nobody can be asked", async () => {
    await say("run", stage.definition("nobody"));
    const { exitCode, err } = await say("approve", "nobody");
    expect([exitCode, err]).toEqual([2, expect.stringContaining("--digest")]);
  });

  it("ends with 4 when it is rejected, with the comment", async () => {
    await say("run", stage.definition("rejected"));
    const { run, question } = await latest("rejected");
    expect((await say("reject", run, "--digest", question!.digest, "--by", "ann", "--comment", "storm is worse")).exitCode).toBe(0);
    const { exitCode, out } = await say("watch", run, "--wait");
    expect([exitCode, out]).toEqual([4, expect.stringContaining("storm is worse")]);
  });

  it("ends with 3 at a gate, and shows which", async () => {
    stage.script.passed = false;
    const { exitCode, out } = await say("run", stage.definition("gated"));
    expect([exitCode, out]).toEqual([3, expect.stringMatching(/latency.*not evaluated/)]);
  });

  it("ends with 3 when its data is refused, with the reason", async () => {
    stage.script.refused = "column distance is gone";
    const { exitCode, out } = await say("run", stage.definition("spoilt"), "--json");
    expect(exitCode).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ state: "refused", reason: "column distance is gone" });
  });

  it("is started once for one key, for ever", async () => {
    const args = ["run", stage.definition("keyed"), "--key", "delivery-7", "--as-of", "2013-03-01", "--detach", "--json"];
    const first = (await say(...args)).json<{ workflowId: string; runId: string }>();
    const second = (await say(...args)).json<{ workflowId: string; runId: string }>();
    expect(Object.keys(first)).toEqual(["workflowId", "runId"]);
    expect(second).toEqual(first);
  });

  it("waits behind another and says behind which, and is stopped by cancel", async () => {
    stage.script.trainingMs = 2_000;
    const first = (await say("run", stage.definition("busy"), "--detach", "--json")).json<{ workflowId: string }>();
    const second = await say("run", stage.definition("busy"), "--detach", "--json");
    expect(second.json()).toMatchObject({ workflowId: "busy/retraining", queued: expect.stringContaining(first.workflowId) });
    expect((await say("cancel", first.workflowId)).out).toContain(`temporal workflow cancel --workflow-id ${first.workflowId}`);
    const watched = await say("watch", first.workflowId);
    expect([watched.exitCode, watched.out]).toEqual([1, expect.stringContaining("cancelled")]);
  });

  it("that does not exist is answered with those that do", async () => {
    const { exitCode, err } = await say("runs", "nothing-here");
    expect([exitCode, err]).toEqual([1, expect.stringMatching(/no run of pipeline nothing-here; there are: .*one/)]);
    expect((await say("watch", "0123456789ab")).exitCode).toBe(1);
  });
});

describe("a model from the command line", () => {
  it("is listed, shown as of any time, rolled back and promoted again, and its log holds together", async () => {
    await promoted("fleet");
    const between = new Date().toISOString();
    await promoted("fleet");
    expect((await say("models", "--json")).json()).toEqual(expect.arrayContaining([expect.objectContaining({ model: "fleet", champion: 2, versions: 2 })]));
    expect((await say("show", "fleet")).out).toMatch(/v2 +champion/);
    expect((await say("show", "fleet@champion")).out).toMatch(/decided +\S+ \S+ \(entry \d: approved \w{12} by bob \(claimed\)\)[^]*Holdout recent/);
    expect(await say("show", "fleet", "--at", "2999-01-01")).toMatchObject({ exitCode: 2, err: expect.stringContaining("lies in the future") });
    const then = (await say("show", "fleet", "--at", between, "--json")).json<{ champion: { v: number }; approval: Commit }>();
    expect(then).toMatchObject({ champion: { v: 1 }, approval: { operation: { decision: "approved", answers: [{ by: "bob" }] } } });

    const back = (await say("rollback", "fleet", "--reason", "late flights missed", "--by", "ann", "--json")).json<{ v: number; temporal: string }>();
    expect(back).toMatchObject({ v: 1, temporal: expect.stringContaining("execute-update-with-start") });
    const again = (await say("promote", "fleet", "2", "--json")).json<{ status: string; workflowId: string }>();
    expect(again.status).toBe("evaluating");
    expect(await say("watch", again.workflowId)).toMatchObject({ exitCode: 4 });
    const { question } = (await say("runs", "fleet", "--json")).json<RunRecord[]>().find((run) => run.run === again.workflowId)!;
    await say("approve", again.workflowId, "--digest", question!.digest);
    expect((await say("watch", again.workflowId, "--wait")).exitCode).toBe(0);

    expect((await say("history", "fleet", "--json")).json<Commit[]>().map((entry) => entry.operation.kind)).toEqual(["promote", "decision", "rollback", "promote", "decision", "register", "promote", "decision", "register"]);
    expect((await say("history", "fleet")).out).toContain("late flights missed");
    expect(await say("verify", "fleet")).toMatchObject({ exitCode: 0, out: expect.stringContaining("every digest, signature and link fits") });
  });

  it("takes over step by step under a person's eyes, who steers it and sends it back", async () => {
    await promoted("stepped");
    const server = pretendServer(stage.stores.store, "stepped", "web-1", { ...wellBehaved, requests: 0 });
    const definition = stage.definition("stepped", { rollout: { kind: "canary", steps: [5, 50, 100], each: "PT5S" } });
    expect((await say("run", definition, "--as-of", "2013-04-01")).exitCode).toBe(4);
    const { run, question } = await latest("stepped");
    await say("approve", run, "--digest", question!.digest.slice(0, 12), "--by", "bob");
    const watched = say("watch", run, "--wait");
    const look = async () => (await say("rollout", "status", "stepped", "--json")).json<{ rollout: RolloutStatus | null }>().rollout;
    await vi.waitFor(async () => expect(await look()).not.toBeNull(), { timeout: 20_000, interval: 300 });
    const { out } = await say("rollout", "status", "stepped");
    expect(out).toMatch(/version 2 has 5 % of the traffic, step 1 of 3[^]*version 1 is the champion/);
    await paste(/temporal workflow .*update-name pause .*$/m.exec(out)![0]);
    expect(await look()).toMatchObject({ paused: true, step: 0 });
    expect((await say("rollout", "set", "stepped", "20%", "--by", "ann")).out).toMatch(/version 2 of stepped has 20 % of the traffic \(entry \d+[^]*same as: \S*temporal workflow execute-update-with-start/);
    expect((await say("rollout", "resume", "stepped", "--by", "ann")).exitCode).toBe(0);
    expect((await say("rollout", "advance", "stepped", "--by", "ann", "--json")).json()).toMatchObject({ v: 2, temporal: expect.stringContaining("advance") });
    expect((await say("rollout", "abort", "stepped", "--by", "ann", "--reason", "wrong week")).exitCode).toBe(0);
    expect(await watched).toMatchObject({ exitCode: 3, out: expect.stringMatching(/promote: version 2 has \d+ % of the traffic[^]*version 2 had begun to take over: it was sent back by ann: wrong week/) });
    expect((await say("history", "stepped")).out).toMatch(/rollout +v2 +v1 +ann \(claimed\) +abort: wrong week/);
    expect(await say("rollout", "pause", "stepped")).toMatchObject({ exitCode: 1, err: expect.stringContaining("no version is taking over") });
    expect((await say("rollout", "set", "stepped", "120")).exitCode).toBe(2);
    expect((await say("verify", "stepped")).exitCode).toBe(0);
    await server.stop();
  });

  it("is told of outside: each question, and all that changes who serves", async () => {
    const told = (pipeline: string) => stage.outside.told(pipeline).map((type) => type.replace("io.relearn.", "")).sort();
    await vi.waitFor(() => {
      expect(told("fleet")).toEqual([...Array(3).fill("approval.requested"), ...Array(3).fill("model.promoted"), "model.rolled-back"]);
      expect(told("stepped")).toEqual([...Array(2).fill("approval.requested"), "model.promoted", "rollout.aborted"]);
    }, { timeout: 10_000, interval: 100 });
  });

  it("whose version is asked for while a run goes on has it evaluated after that run, and says so", async () => {
    await promoted("patient");
    await promoted("patient");
    stage.script.trainingMs = 2_500;
    const training = (await say("run", stage.definition("patient"), "--detach", "--json")).json<{ workflowId: string }>();
    const asked = (await say("promote", "patient", "1", "--by", "ann", "--json")).json<{ status: string; queued: string; workflowId: string; temporal: string }>();
    expect(asked).toMatchObject({ status: "queued", workflowId: "patient/retraining", queued: expect.stringContaining(`queued behind ${training.workflowId}`), temporal: expect.stringContaining('"version":1') });
    expect((await latest("patient")).run).toBe(training.workflowId);
    expect((await say("runs", "patient")).out).toMatch(/queued in patient: as of .*, version 1 again, asked for by person ann/);
    expect((await say("cancel", training.workflowId)).exitCode).toBe(0);
    await expect.poll(async () => latest("patient"), { timeout: 30_000 }).toMatchObject({ v: 1, state: "waiting", causes: [{ kind: "person", by: "ann" }] });
  });

  it("whose log was touched does not verify", async () => {
    await promoted("touched");
    const { store } = stage.stores;
    const key = entryKey("touched", 1);
    const bytes = Buffer.from((await store.get(key))!.body);
    await store.put(key, Buffer.from(bytes.toString().replace('"kind":"workflow"', '"kind":"system"')));
    const { exitCode, out } = await say("verify", "touched");
    expect([exitCode, out]).toEqual([1, expect.stringContaining("models/touched/log/")]);
  });

  it("that does not exist is answered with those that do", async () => {
    const { exitCode, err } = await say("show", "flihgts");
    expect([exitCode, err]).toEqual([1, expect.stringMatching(/no model flihgts; there are: .*fleet/)]);
    expect((await say("rollback", "flihgts")).exitCode).toBe(1);
    expect((await say("promote", "fleet", "99")).err).toContain("has versions 1 to 2");
  });
});

describe("a schedule from the command line", () => {
  it("is created, previewed, paused, resumed, backfilled once per time, and deleted", async () => {
    const file = stage.definition("monthly");
    const made = (await say("schedule", "create", file, "--json")).json<{ status: string; temporal: string }>();
    expect(made).toMatchObject({ status: "created", temporal: expect.stringContaining("--cron '0 3 1 * *' --time-zone America/New_York --overlap-policy BufferAll") });
    expect((await say("schedule", "create", file, "--json")).json()).toMatchObject({ status: "updated" });
    const range = ["--from", "2013-03-01T03:00", "--to", "2013-04-01T03:00"];
    expect((await say("schedule", "preview", "monthly", ...range, "--json")).json()).toEqual(["2013-03-01T08:00:00.000Z", "2013-04-01T07:00:00.000Z"]);
    const next = (await say("schedule", "preview", "monthly", "--from", "2013-03-01", "--json")).json<string[]>();
    expect(next.map((time) => time.slice(0, 10))).toEqual(["2013-03-01", "2013-04-01", "2013-05-01", "2013-06-01", "2013-07-01"]);
    expect((await say("schedule", "preview", "monthly", "--json")).json<string[]>().every((time) => Date.parse(time) > Date.now())).toBe(true);
    expect((await say("schedule", "pause", "monthly", "--reason", "holiday")).out).toContain("temporal schedule toggle --schedule-id monthly/schedule --pause --reason holiday");
    expect((await say("schedule", "list")).out).toMatch(/monthly +paused/);
    expect((await say("schedule", "resume", "monthly")).exitCode).toBe(0);

    expect((await say("schedule", "backfill", "monthly", ...range)).exitCode).toBe(2);
    const later = ["--from", "2013-03-01T03:00", "--to", "2999-01-01"];
    expect(await say("schedule", "backfill", "monthly", ...later, "--yes")).toMatchObject({ exitCode: 2, err: expect.stringContaining("lies in the future") });
    expect((await say("schedule", "backfill", "monthly", ...range, "--yes", "--json")).json()).toMatchObject({ times: ["2013-03-01T08:00:00.000Z", "2013-04-01T07:00:00.000Z"] });
    await expect.poll(async () => (await say("runs", "monthly", "--json")).json<RunRecord[]>().flatMap((run) => run.causes.map((cause) => cause.key)), { timeout: 15_000 }).toContain("2013-03-01T08:00:00.000Z");
    expect((await say("schedule", "delete", "monthly")).exitCode).toBe(0);
    const gone = await say("schedule", "pause", "monthly");
    expect([gone.exitCode, gone.err]).toEqual([1, expect.stringContaining("no schedule of pipeline monthly")]);
  });

  it("is refused to a definition that names none", async () => {
    const { writeFileSync, readFileSync } = await import("node:fs");
    const file = stage.definition("unscheduled");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), retrain: {} }));
    const { exitCode, err } = await say("schedule", "create", file);
    expect([exitCode, err]).toEqual([1, expect.stringContaining("has no retrain.schedule")]);
  });
});

describe("retraining from the command line", () => {
  const alarm = (id: string, message: string, proposal: "retrain" | "fix-data"): Alarm => ({
    version: 1, id: id.repeat(64), pipeline: "alarmed", model: "alarmed", v: 1, kind: proposal === "retrain" ? "data-drift" : "broken-data", shape: "sudden", began: "2013-03-01T00:00:00Z", window: null, at: "2013-03-02T00:00:00Z", message,
    evidence: [{ metric: "psi", subject: "distance", observed: 0.41, limit: 0.25, reference: null, p: 0.0001, rows: 700 }], proposal, source: null,
  });
  const raise = async (raised: Alarm): Promise<void> => {
    await putAlarm(stage.stores.store, raised);
    const { definition } = await latest("alarmed");
    const { id, kind, proposal, message, at } = raised;
    await stage.signal("alarmed/retraining", "trigger", { cause: { kind: "alarm", key: id, by: null }, asOf: at, definition, pipeline: "alarmed", alarm: { id, kind, proposal, message } });
  };

  it("starts a run for an alarm, once, and every alarm ends in a decision that a person may overrule", async () => {
    await promoted("alarmed");
    await raise(alarm("a", "distance has moved", "retrain"));
    await expect.poll(async () => (await latest("alarmed")).causes, { timeout: 20_000 }).toEqual([{ kind: "alarm", key: "a".repeat(64), by: null }]);
    const { run } = await latest("alarmed");
    await expect.poll(async () => (await say("alarms", "alarmed", "--json")).json(), { timeout: 20_000 }).toMatchObject([{ alarm: { message: "distance has moved" }, decisions: [{ decision: "retrain", by: "policy", run }] }]);
    expect((await say("retraining", "status", "alarmed")).out).toMatch(new RegExp(`alarmed: ${run} runs, for 1 cause`));
    await raise(alarm("b", "distance is stuck at -1", "fix-data"));
    await say("reject", run, "--digest", (await waitingQuestion("alarmed")).slice(0, 12), "--by", "bob");
    await expect.poll(async () => (await say("retraining", "status", "alarmed")).out, { timeout: 20_000 }).toContain("its data is said to be broken: distance is stuck at -1");
    const shown = (await say("alarms", "show", "bbbbbbbb")).out;
    expect(shown).toMatch(/distance is stuck at -1[^]*psi +distance +0\.41 +0\.25[^]*fix-data, by policy: the alarm asks for: fix-data/);
    expect((await say("alarms", "decide", "bbbbbbbb", "ignore", "--reason", "a drill", "--by", "ann")).out).toContain("alarm bbbbbbbbbbbb of alarmed: ignore");
    expect((await say("alarms")).out).toMatch(/bbbbbbbbbbbb .* ignore /);
    await expect.poll(async () => (await say("retraining", "status", "alarmed")).out, { timeout: 20_000 }).toMatch(/^(?![^]*said to be broken)[^]*alarm bbbbbbbbbbbb: ignore: a drill/);
    expect((await say("retraining", "unblock", "alarmed")).out).toContain("alarmed takes its data for mended");
    expect((await say("alarms", "decide", "aaaaaaaa", "fix-data", "--reason", "the pipe broke", "--by", "ann")).out).toContain("next: relearn retraining unblock alarmed");
    expect((await say("retraining", "status", "alarmed")).out).toContain("its data is said to be broken: distance has moved");
    await say("retraining", "unblock", "alarmed");
  });

  it("is changed, paused and triggered while it runs, on the record", async () => {
    expect((await say("retraining", "set", "alarmed", "cooldown=P3D", "maxPerMonth=4", "--by", "ann", "--reason", "costs")).out).toContain("alarmed: cooldown=P3D maxPerMonth=4");
    expect((await say("retraining", "status", "alarmed")).out).toMatch(/settings: onDrift=true onData=false mode=automatic cooldown=P3D \(changed\) maxPerMonth=4 \(changed\)\nthis month, as of .*: \d of 4 runs[^]*ann \(claimed\) set cooldown=P3D maxPerMonth=4: costs/);
    expect(await say("retraining", "set", "alarmed", "cooldown=soon")).toMatchObject({ exitCode: 2, err: expect.stringContaining("cooldown=P3D") });
    expect(await say("retraining", "set", "alarmed", "colour=red")).toMatchObject({ exitCode: 1, err: expect.stringContaining("cannot set colour") });
    expect((await say("retraining", "pause", "alarmed")).out).toContain("starts no further run");
    expect((await say("retraining", "trigger", "alarmed", "--as-of", "2013-03-03", "--by", "ann")).out).toContain("has the cause: person as of 2013-03-03 05:00:00Z");
    await expect.poll(async () => (await say("retraining", "status", "alarmed")).out, { timeout: 10_000 }).toMatch(/paused, starts no run[^]*queued in alarmed/);
    expect((await say("retraining", "resume", "alarmed")).exitCode).toBe(0);
    await expect.poll(async () => (await latest("alarmed")).causes, { timeout: 20_000 }).toMatchObject([{ kind: "person", by: "ann" }]);
    expect(await say("retraining", "status", "nowhere")).toMatchObject({ exitCode: 1, err: expect.stringContaining("there is no pipeline nowhere") });
  });
});

describe("a batch from the command line", () => {
  it("is followed to its end, by the line that the same starts with; with the same --id it is found again", async () => {
    await promoted("batched");
    const place = ["--from", "s3://landing/batched/", "--to", "s3://scored/batched"];
    const { exitCode, out } = await say("score", "batched@1", ...place, "--id", "march");
    expect({ exitCode, out }).toMatchObject({ exitCode: 0 });
    expect(out).toMatch(/same as: \S*temporal workflow start --workflow-id batched\/score\/march --type batchScoring --task-queue relearn --input '\{"model":"batched","v":1,/);
    expect(out).toMatch(/^scored 30 rows of 3 files: s3:\/\/scored\/batched\/score\/march\/_relearn\.json$/m);
    const again = (await say("score", "batched@1", ...place, "--id", "march", "--json")).json();
    expect(again).toMatchObject({ workflowId: "batched/score/march", files: 3, rows: 30, skipped: 0 });
    expect((await say("watch", "batched/score/march", "--json")).json()).toMatchObject({ workflowId: "batched/score/march", files: 3, rows: 30 });
    expect(await say("cancel", "batched/score/march")).toMatchObject({ exitCode: 1, err: expect.stringContaining("batched/score/march has ended already: completed") });
    expect((await say("score", "batched", ...place, "--detach", "--json")).json()).toMatchObject({ workflowId: expect.stringMatching(/^batched\/score\/[0-9a-f-]{13}$/), temporal: expect.stringContaining("batchScoring") });
    expect(await say("score", "batches", ...place)).toMatchObject({ exitCode: 1, err: expect.stringContaining("there is no model batches") });
  });

  it("fails with what its step failed with, and its exit code", async () => {
    await promoted("refusing");
    stage.script.refused = "s3://landing/a.parquet, row 3, column delay: it has no value";
    const { exitCode, err } = await say("score", "refusing", "--from", "s3://landing/refusing/", "--to", "s3://scored/refusing");
    expect([exitCode, err]).toEqual([3, expect.stringContaining("row 3, column delay: it has no value")]);
  });
});

describe("doctor", () => {
  it("names every part and what to do about what is missing", async () => {
    const findings = (await say("doctor", "--json")).json<{ check: string; ok: boolean; found: string }[]>();
    expect(findings.filter(({ check }) => ["Node", "Temporal", "search attributes", "worker", "S3", "bucket race", "signing key"].includes(check)).every(({ ok }) => ok)).toBe(true);
  });
});

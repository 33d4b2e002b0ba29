import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readTail } from "../../launchers/job-objects.ts";
import type { DefinitionInput } from "../../schemas/definition.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { expectApprovable, expectNoModel, expectNothingHalfWritten, expectOnlyAReason, keysOf } from "./aftermath.ts";
import { dataCases, toParquet } from "./data-cases.ts";
import { definitionCases } from "./definition-cases.ts";
import { describeFullDisk } from "./full-disk.ts";
import { sendHostileSignals, sendHostileTriggers } from "./hostile-signals.ts";
import { dayName, goodFiles, tinyDefinition, writeFiles } from "./tiny-pipeline.ts";
import { lives, temporal } from "./tools.ts";
import { trainerCases } from "./trainer-cases.ts";
import { describeOutage, describeTroubles, firstTries } from "./troubled-store.ts";
import { goodTrainer, makePipeline, openWorld, recordTraining, type World } from "./world.ts";

// On a busy machine each case waits for the others.
vi.setConfig({ testTimeout: 150_000 });

let world: World;
let recorded: string;
beforeAll(async () => {
  world = await openWorld();
  recorded = await recordTraining(world);
  world.proxy.fault = firstTries();
}, 120_000);
afterAll(() => world.close(), 60_000);

const exitCodes: Partial<Record<RunRecord["state"], number>> = { held: 1, failed: 1, refused: 3, gated: 3 };
const parquet: Partial<DefinitionInput> = { sources: { rides: { format: "parquet", uri: "landing/{yyyy}-{MM}-{dd}.parquet", time: "at", key: "id" } } };
const untilState = (name: string, state: RunRecord["state"]) => expect.poll(async () => (await world.say("runs", name)).out, { timeout: 60_000, interval: 200 }).toContain(state);
/** The run that comes after another. */
async function next(name: string, before: string): Promise<RunRecord> {
  await expect.poll(async () => (await world.latest(name)).run, { timeout: 60_000, interval: 100 }).not.toBe(before);
  return world.latest(name);
}

// What waits most comes first, and is overtaken by the rest.
describeTroubles(() => ({ world, recorded }));

describe.concurrent("a definition with", () => {
  it.for(definitionCases.map((one, i) => ({ ...one, pipeline: `definition-${i}` })))("$name is refused before anything starts", async ({ pipeline, changes, says }) => {
    const { definition } = makePipeline(world, pipeline, "", changes as Partial<DefinitionInput>);
    const { exitCode, err } = await world.say("run", definition);
    expect([exitCode, err]).toEqual([1, expect.stringMatching(says)]);
    expect(err).toContain(definition);
    expect((await world.say("runs", pipeline)).exitCode).toBe(1);
    expect((await keysOf(world, "")).filter((key) => key.includes(pipeline))).toEqual([]);
    writeFileSync(definition, JSON.stringify(tinyDefinition(pipeline)));
    expect((await world.say("definition", "check", definition)).exitCode).toBe(0);
  });
});

describe.concurrent("data with", () => {
  it.for(dataCases.map((one, i) => ({ ...one, pipeline: `data-${i}` })).slice(1))("$name never reaches a trainer", async ({ pipeline, format, spoil, state, says }) => {
    const made = makePipeline(world, pipeline, "touch trained\n", format === undefined ? {} : parquet);
    const landing = join(made.folder, "landing");
    if (format === "parquet") await toParquet(landing);
    await spoil(landing);
    const { exitCode, out } = await world.run(made);
    expect({ exitCode, out }).toEqual({ exitCode: exitCodes[state], out: expect.stringContaining(state) });
    await expectOnlyAReason(world, pipeline, state, says);
    expect(existsSync(join(made.folder, "trained"))).toBe(false);
  });

  it("a broken line is refused, and taken once the line is mended", async () => {
    const made = makePipeline(world, "mended", goodTrainer(recorded));
    const { spoil, says } = dataCases[0]!;
    await spoil(join(made.folder, "landing"));
    expect((await world.run(made)).exitCode).toBe(3);
    await expectOnlyAReason(world, "mended", "refused", says);
    writeFiles(join(made.folder, "landing"), goodFiles());
    expect((await world.run(made)).exitCode).toBe(4);
    await expectApprovable(world, "mended");
  });

  it("half a file holds the run, which goes on when it has landed whole and somebody says so", async () => {
    const made = makePipeline(world, "landed", goodTrainer(recorded), { windows: { atLeast: "P2D", holdout: "P1D", patience: "PT1H" } });
    writeFileSync(join(made.folder, "landing", `${dayName(1)}.csv`), "id,at");
    const running = world.run(made);
    await untilState("landed", "held");
    const { run, reason } = await world.latest("landed");
    expect(reason).toMatch(/2026-01-02\.csv .*half-written; land it whole/);
    writeFiles(join(made.folder, "landing"), goodFiles());
    expect(await temporal(world, run, "recheck")).toMatchObject({ code: 0 });
    expect((await running).exitCode).toBe(4);
    expect((await world.latest("landed")).run).toBe(run);
  });
});

describe.concurrent("a trainer that", () => {
  it.for(trainerCases.map((one, i) => ({ ...one, pipeline: `trainer-${i}` })))("$name ends its run with the reason", async ({ pipeline, script, state, says }) => {
    const made = makePipeline(world, pipeline, script(recorded));
    const { exitCode, out } = await world.run(made);
    expect({ exitCode, out }).toEqual({ exitCode: exitCodes[state], out: expect.stringContaining(state === "gated" ? "stopped by a gate" : "failed") });
    await expectOnlyAReason(world, pipeline, state, says);
  });

  it("hangs, with children that hear no SIGTERM, is ended at its timeout with all its processes, and trains once it is mended", async () => {
    const script = "(trap '' TERM; sleep 600) & echo $! >> pids; setsid sleep 600 & echo $! >> pids; echo $$ >> pids; exec sleep 600\n";
    const made = makePipeline(world, "hangs", script, { trainer: { command: ["sh", "train.sh"], timeout: "PT2S" } });
    expect((await world.run(made)).exitCode).toBe(1);
    await expectOnlyAReason(world, "hangs", "failed", /ended after 2 s, its timeout \(trainer\.timeout in the definition\)/);
    const pids = readFileSync(join(made.folder, "pids"), "utf8").trim().split("\n").map(Number);
    expect(pids).toHaveLength(3);
    expect(pids.filter(lives)).toEqual([]);
    writeFileSync(join(made.folder, "train.sh"), goodTrainer(recorded));
    expect((await world.run(made)).exitCode).toBe(4);
    await expectApprovable(world, "hangs");
  });

  it("prints without end and exits with 1 ends its run with its last words, its log cut to the first and the last MiB", async () => {
    const script = "yes 'nothing to say' | head -c 20000000; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo 'cannot open the feature store' >&2; exit 1\n";
    const made = makePipeline(world, "loud", script);
    expect((await world.run(made)).exitCode).toBe(1);
    await expectOnlyAReason(world, "loud", "failed", /^.{0,80}the trainer ended with exit code 1\.\nIt last printed:\n[^]{0,1600}cannot open the feature store$/);
    const { job } = await world.latest("loud");
    const log = await readTail(world.store, `jobs/${job}/log.txt`, 8 * 2 ** 20);
    expect(log.length).toBeLessThan(2.2 * 2 ** 20);
    expect(log).toMatch(/\.\.\. 37\d{6} bytes left out \.\.\.[^]*cannot open the feature store\n/);
  });
});

describe.concurrent("two runs at once", () => {
  it("for the same window are one after the other, and the second says behind what it waits", async () => {
    const made = makePipeline(world, "twice", `while [ ! -e go ]; do sleep 0.1; done\n${goodTrainer(recorded)}`);
    const first = (await world.run(made, "--detach", "--json")).json<{ workflowId: string }>();
    const following = world.run(made);
    const [second, third] = await Promise.all([world.run(made, "--detach", "--json"), world.run(made, "--detach", "--json")]);
    for (const said of [second, third]) expect(said.json()).toMatchObject({ workflowId: "twice/retraining", queued: `queued behind ${first.workflowId}: relearn watch ${first.workflowId}` });
    writeFileSync(join(made.folder, "go"), "");
    await untilState("twice", "waiting");
    await expectApprovable(world, "twice");
    const queued = await next("twice", first.workflowId);
    expect(queued.causes).toHaveLength(3);
    expect((await world.say("cancel", queued.run)).exitCode).toBe(0);
    const followed = await following;
    expect([followed.exitCode, followed.out]).toEqual([1, expect.stringContaining(`queued behind ${first.workflowId}`)]);
    expect(followed.out).toContain("cancelled");
  });

  it("for different windows are one after the other too", async () => {
    const made = makePipeline(world, "windows", "sleep 600\n", { windows: { atLeast: "P1D", holdout: "P1D" } });
    const first = (await world.run(made, "--detach", "--json")).json<{ workflowId: string }>();
    const second = await world.say("run", made.definition, "--as-of", "2026-01-03T01:00:00Z", "--detach");
    expect(second.out).toContain(`queued behind ${first.workflowId}`);
    expect((await world.say("cancel", first.workflowId)).exitCode).toBe(0);
    expect((await world.say("watch", first.workflowId)).exitCode).toBe(1);
    const { run, windows } = await next("windows", first.workflowId);
    expect(windows.holdout.to).toBe("2026-01-03T00:00:00Z");
    expect((await world.say("cancel", run)).exitCode).toBe(0);
    expect(await world.say("watch", run)).toMatchObject({ exitCode: 1, out: expect.stringContaining("cancelled") });
    await expectNoModel(world, "windows");
  });
});

it.concurrent("signals of Temporal's own CLI with whatever arguments are refused with a reason, and valid ones still count", async () => {
  const made = makePipeline(world, "signals", goodTrainer(recorded));
  expect((await world.run(made)).exitCode).toBe(4);
  await sendHostileSignals(world, made);
  const { run, question } = await world.latest("signals");
  expect(await temporal(world, run, "approve", "--input", JSON.stringify({ by: "ann", digest: question!.digest.slice(0, 12) }))).toMatchObject({ code: 0 });
  expect((await world.say("watch", run, "--wait")).exitCode).toBe(0);
  await sendHostileTriggers(world, "signals");
  const next = (await world.run(made, "--detach", "--json")).json<{ workflowId: string }>().workflowId;
  expect(next).toMatch(/^signals\/run\//);
  expect((await world.say("cancel", next)).exitCode).toBe(0);
});

describeOutage(() => ({ world, recorded }));
describeFullDisk(() => ({ world, recorded }));

it("leaves no object half-written", () => expectNothingHalfWritten(world));

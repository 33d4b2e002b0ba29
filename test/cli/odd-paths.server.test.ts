import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDefinition } from "../../cli/support/definition.ts";
import type { RunRecord } from "../../schemas/run.ts";
import { day, landFiles, makeDefinition } from "../faults/supervisor.ts";
import { relearn } from "./harness.ts";

/** What a shell, an URL, SQL, a regular expression or a printf would read otherwise. */
const odd = "-we're \"50% off\" #1 ü日本 & $HOME `x` ;a=b back\\slash";
const parent = mkdtempSync(join(tmpdir(), "relearn-odd-"));
const folder = join(parent, odd);
const env = { PATH: process.env["PATH"] ?? "", HOME: parent, RELEARN_HOME: join(folder, "home #1"), AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
const say = (...args: string[]) => relearn(env, ...args);

beforeAll(async () => {
  mkdirSync(join(folder, "trainer's own #1"), { recursive: true });
  landFiles(folder);
  renameSync(join(folder, "landing"), join(folder, "landing [1] q? s* {a,b}"));
  writeFileSync(join(folder, "trainer's own #1", "-train %d.sh"), "exec python -m relearn_trainers.linear\n");
  expect(await say("up", "--detach")).toMatchObject({ exitCode: 0 });
}, 90_000);
afterAll(async () => {
  await say("down");
  rmSync(parent, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}, 60_000);

describe("paths with odd characters", () => {
  it("carry a whole run: the home, the definition's file, its landing folder and its trainer's", async () => {
    const definition = { ...makeDefinition("odd", "", ["sh", "./-train %d.sh"]), trainer: { command: ["sh", "./-train %d.sh"], workdir: "trainer's own #1" } };
    const sources = { rides: { ...definition.sources["rides"], uri: "landing [1] q? s* {a,b}/{yyyy}-{MM}-{dd}.csv" } };
    const file = join(folder, "pipeline #1 100%.ts");
    writeFileSync(file, `export default ${JSON.stringify({ ...definition, sources })};`);
    const asked = await say("run", file, "--as-of", `${day(8)}T01:00:00Z`, "--by", "ann");
    expect(asked, asked.out + asked.err).toMatchObject({ exitCode: 4 });
    const { question, rows } = (await say("runs", "odd", "--json")).json<RunRecord[]>()[0]!;
    expect(rows).toMatchObject({ in: 960, accepted: 960 });
    expect((await say("approve", "odd", "--digest", question!.digest, "--by", "bob")).exitCode).toBe(0);
    expect(await say("watch", "odd", "--wait")).toMatchObject({ exitCode: 0 });
    expect(await say("verify", "odd")).toMatchObject({ exitCode: 0 });
    // The server that `up` started came upon the first champion by itself, trusts this home's key, and answers.
    const { serving } = (await say("up", "--detach", "--json")).json<{ serving: { url: string } }>();
    await expect.poll(async () => (await fetch(`${serving.url}/v2/models/odd/ready`)).status, { timeout: 15_000 }).toBe(200);
    await expect.poll(async () => (await say("models", "--json")).json<unknown[]>(), { timeout: 10_000 }).toMatchObject([{ model: "odd", champion: 1, served: [{ v: 1, replicas: 1 }], pinned: 0 }]);
    expect((await say("doctor", "--json")).json<{ check: string }[]>()).toContainEqual({ check: "server", ok: true, found: `answers at ${serving.url}` });
    // Nothing was written beside it, to a path that was cut at one of its characters.
    expect(readdirSync(parent).filter((name) => name !== ".cache")).toEqual([odd]);
    expect(readdirSync(env.RELEARN_HOME)).toContain("temporal.sqlite");
  }, 90_000);

  it.each(["-dashed.yaml", "#1 50%.json", "ü 日本.yml", "it's \"quoted\".ts", "a?b*[c].mts"])("name a definition %j, and its folders are its own", async (name) => {
    const text = JSON.stringify({ ...makeDefinition("named", "", ["true"]), sources: { rides: { format: "csv", uri: "landing #1/", time: "at" } }, trainer: { command: ["true"] } });
    writeFileSync(join(folder, name), name.endsWith("ts") ? `export default ${text};` : text);
    const read = await loadDefinition(join(folder, name));
    expect([read.sources["rides"], read.trainer.workdir]).toMatchObject([{ uri: join(folder, "landing #1/") }, folder]);
  });

  it("begin with a dash after `--`, as everywhere; before it they are an option that does not exist", async () => {
    expect(await say("definition", "check", "-dashed.yaml")).toMatchObject({ exitCode: 2, err: expect.stringContaining("unknown option '-dashed.yaml'") });
    expect(await say("definition", "check", "--", "-gone.yaml")).toMatchObject({ exitCode: 1, err: expect.stringContaining("-gone.yaml cannot be read: there is no such file") });
  });

  it.each(["state?", "a*", "r[12]", "two\nlines"])("are refused for a home called %j, in whose place its rows would be looked for elsewhere too", async (name) => {
    expect(await relearn({ ...env, RELEARN_HOME: join(parent, name) }, "runs")).toMatchObject({ exitCode: 1, err: expect.stringContaining("RELEARN_HOME: must be a folder without *, ?, [") });
  });

  it("are refused, with what to do, where a part cannot be given them", async () => {
    const home = join(parent, "a, b");
    expect(await relearn({ ...env, RELEARN_HOME: home }, "up", "--detach")).toMatchObject({ exitCode: 1, err: expect.stringContaining("takes a comma for a list of folders: set RELEARN_HOME to a folder without one, found ") });
    expect(existsSync(home)).toBe(false);
    const template = join(parent, "by {yyyy}");
    mkdirSync(template);
    writeFileSync(join(template, "p.json"), JSON.stringify({ ...makeDefinition("named", "", ["true"]), sources: { rides: { format: "csv", uri: "landing/", time: "at" } } }));
    await expect(loadDefinition(join(template, "p.json"))).rejects.toMatchObject({ type: "InvalidDefinition", message: expect.stringContaining("holds a time template in its own name") });
    rmSync(template, { recursive: true });
  });
});

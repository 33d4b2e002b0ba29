import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readDigest, readInstant, readLimit, readModel, readPast, readVersion } from "../../cli/support/arguments.ts";
import { presentFailure } from "../../cli/support/present-failure.ts";
import { childEntry } from "../../schemas/child-entry.ts";
import { failureTypes, RelearnError, type FailureType } from "../../schemas/failures.ts";
import { relearn } from "./harness.ts";

const env = { RELEARN_HOME: mkdtempSync(join(tmpdir(), "relearn-cli-")) };
/** Servers that answer nobody: a bad argument must not come so far. */
const withNowhere = { ...env, RELEARN_S3_ENDPOINT: "http://127.0.0.1:9", TEMPORAL_ADDRESS: "127.0.0.1:9" };

afterAll(() => rmSync(env.RELEARN_HOME, { recursive: true, force: true }));

describe("arguments", () => {
  it("are a model, one of its versions, or its champion", () => {
    expect(readModel("flights")).toEqual({ model: "flights", version: null });
    expect(readModel("flights@3")).toEqual({ model: "flights", version: 3 });
    expect(readModel("flights@champion")).toEqual({ model: "flights", version: "champion" });
  });
  it.each(["../../etc/passwd", "a/b", "", "Flights", "x".repeat(5_000), "flights@0", "flights@1@2", "flights@-1", "a\u0000b"])("refuse a model named %j", (text) => {
    expect(() => readModel(text)).toThrow(RelearnError);
  });
  it("quote no more of a bad value than a person can read", () => {
    expect(() => readModel("x".repeat(5_000))).toThrow(/^.{1,300}$/);
  });
  it("read a time without a zone in the pipeline's own", () => {
    expect(readInstant("2013-03-01T08:00:00Z")).toBe("2013-03-01T08:00:00.000Z");
    expect(readInstant("2013-03-01T08:00:00+02:00")).toBe("2013-03-01T06:00:00.000Z");
    expect(readInstant("2013-03-01", "America/New_York")).toBe("2013-03-01T05:00:00.000Z");
    expect(readInstant("2013-03-01T08:00", "America/New_York")).toBe("2013-03-01T13:00:00.000Z");
  });
  it.each(["yesterday", "2013-13-01", "", "2013-02-30T00:00:00Z"])("refuse the time %j", (text) => expect(() => readInstant(text)).toThrow(/no time/));
  it("take no time in the future, but for what two clocks may differ", () => {
    const now = Date.parse("2013-03-01T12:00:00Z");
    expect(readPast("--as-of", "2013-03-01T12:00:59Z", "UTC", now)).toBe("2013-03-01T12:00:59.000Z");
    expect(readPast("--as-of", "2013-03-01", "America/New_York", now)).toBe("2013-03-01T05:00:00.000Z");
    expect(() => readPast("--as-of", "2013-03-01T10:00", "America/New_York", now)).toThrow(/--as-of "2013-03-01T10:00" is 2013-03-01T15:00:00.000Z, .*future: it is 2013-03-01T12:00:00.000Z now/);
  });
  it("take versions, limits and digests only in their own form", () => {
    expect(readVersion("v3")).toBe(3);
    expect(() => readVersion("3.5")).toThrow(RelearnError);
    expect(() => readLimit("0")).toThrow(RelearnError);
    expect(readDigest(`sha256:${"A".repeat(64)}`)).toBe("a".repeat(64));
    expect(() => readDigest("abc")).toThrow(/12 hex/);
  });
});

describe("a failure", () => {
  it.each(Object.keys(failureTypes) as FailureType[])("of type %s ends with the exit code of the table", (type) => {
    expect(presentFailure(new RelearnError(type, "m"))).toMatchObject({ type, exitCode: failureTypes[type].exitCode });
  });
  it("says `relearn up` when Temporal or S3 cannot be reached", () => {
    expect(presentFailure(new RelearnError("StoreUnavailable", "nobody answers")).message).toContain("relearn up");
    expect(presentFailure(Object.assign(new Error("14 UNAVAILABLE"), { code: 14 }))).toMatchObject({ type: "TemporalUnavailable", exitCode: 5 });
  });
  it("of an update is told by its cause", () => {
    const error = Object.assign(new Error("Workflow Update failed"), { name: "WorkflowUpdateFailedError", cause: Object.assign(new Error("expired"), { type: "StaleApproval" }) });
    expect(presentFailure(error)).toEqual({ type: "StaleApproval", message: "expired", exitCode: 4 });
  });
  it("that nobody foresaw is still one error with its message", () => expect(presentFailure(new TypeError("x is undefined"))).toEqual({ type: "Error", message: "x is undefined", exitCode: 1 }));
});

describe("the command line", () => {
  it("lists its commands", async () => {
    const { exitCode, out } = await relearn(env, "--help");
    expect(exitCode).toBe(0);
    for (const command of ["up", "down", "serve", "doctor", "run", "runs", "watch", "approve", "reject", "cancel", "promote", "rollback", "rollout", "score", "models", "show", "history", "verify", "schedule", "definition", "version"]) {
      expect(out).toMatch(new RegExp(`^  ${command}\\b`, "m"));
    }
  });
  it.each([["frobnicate"], ["show"], ["show", "../../etc/passwd"], ["score", "flights"], ["score", "flights", "--from", "s3://a/b", "--to", "scored"], ["score", "flights", "--from", "s3://a/b", "--to", "s3://c/d", "--id", "a/b"], ["score", "flights", "--from", "s3://a/b", "--to", "s3://c/d", "--parallel", "many"], ["models", "--nonsense"], ["run"], ["approve", "flights/run/../x"], ["approve", "latest", "--digest", "zz"], ["schedule"], ["runs", "--limit", "many"], ["schedule", "backfill", "flights"]])(
    "answers %j with exit code 2", async (...args) => {
      const { exitCode, out, err } = await relearn(withNowhere, ...args);
      expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
      expect(err).not.toBe("");
    });
  it("tells a usage error as JSON too", async () => {
    const { exitCode, err } = await relearn(env, "show", "--json");
    expect(exitCode).toBe(2);
    expect(JSON.parse(err)).toEqual({ error: { type: "Usage", message: "missing required argument 'model[@version]'" } });
  });
  it.each([["models"], ["runs"], ["watch", "latest"], ["history", "flights"], ["schedule", "list"], ["cancel", "latest"]])("says at once that the stack is down: %j", async (...args) => {
    const began = Date.now();
    const { exitCode, err } = await relearn(env, ...args);
    expect(exitCode).toBe(5);
    expect(err).toMatch(/^error: .*relearn up.*\n$/);
    expect(Date.now() - began).toBeLessThan(5_000);
  });
  it("says within 5 s that an address is silent", async () => {
    const silent = { ...env, TEMPORAL_ADDRESS: "127.0.0.1:9", RELEARN_S3_ENDPOINT: "http://127.0.0.1:9", AWS_ACCESS_KEY_ID: "k", AWS_SECRET_ACCESS_KEY: "s" };
    const began = Date.now();
    const [temporal, s3] = await Promise.all([relearn(silent, "schedule", "list", "--json"), relearn(silent, "models", "--json")]);
    expect(JSON.parse(temporal.err).error.type).toBe("TemporalUnavailable");
    expect(JSON.parse(s3.err).error.type).toBe("StoreUnavailable");
    expect([temporal.exitCode, s3.exitCode]).toEqual([5, 5]);
    expect(Date.now() - began).toBeLessThan(6_500);
  });
  it("refuses a run as of the future before it asks any server", async () => {
    const file = join(env.RELEARN_HOME, "later.json");
    writeFileSync(file, JSON.stringify({
      name: "later", sources: { rows: { format: "csv", uri: "{yyyy}.csv", time: "at" } }, columns: { distance: { type: "number" } }, label: { column: "late", task: "binary" },
      windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [{ kind: "atLeast", metric: "auc", value: 0.6 }],
    }));
    const { exitCode, err } = await relearn(withNowhere, "run", file, "--as-of", "2999-01-01");
    expect([exitCode, err]).toEqual([2, expect.stringMatching(/--as-of "2999-01-01" is 2999-01-01T00:00:00.000Z, which lies in the future: it is \d{4}-/)]);
  });
  it("prints the definition's JSON Schema, and what is installed", async () => {
    expect((await relearn(env, "definition", "schema")).json<{ properties: object }>().properties).toHaveProperty("windows");
    expect((await relearn(env, "version", "--json")).json()).toHaveProperty("relearn");
  });
});

it("says in one line that its output found no room", async (context) => {
  if (!existsSync("/dev/full")) return context.skip("this system has no /dev/full");
  const entry = await childEntry(new URL("../../cli/main.ts", import.meta.url).href, "main");
  const full = openSync("/dev/full", "w");
  try {
    const ended = spawnSync(process.execPath, [entry, "definition", "schema"], { stdio: ["ignore", full, "pipe"], env: { ...env, PATH: process.env["PATH"] } });
    expect(ended.stderr.toString()).toMatch(/^error: the output could not be written: ENOSPC[^\n]*\n$/);
    expect(ended.status).toBe(1);
  } finally {
    closeSync(full);
  }
});

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { environmentOf, installationRoot, loadSettings } from "../../schemas/settings.ts";

const home = mkdtempSync(join(tmpdir(), "relearn-settings-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const message = (work: () => unknown): string => {
  try {
    work();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("settings", () => {
  test("an empty environment means the local stack, which is down, and state beside the checkout", () => {
    const settings = loadSettings({});
    expect(settings.home).toBe(join(settings.root, ".relearn"));
    expect(installationRoot()).toBe(settings.root);
    const { temporal, s3 } = loadSettings({ RELEARN_HOME: home, AWS_ACCESS_KEY_ID: "a-key-for-something-else", AWS_SECRET_ACCESS_KEY: "x" });
    expect([temporal.from, temporal.address, s3.from, s3.endpoint, s3.credentials, s3.bucket]).toEqual(["local", null, "local", null, null, "relearn"]);
  });

  test("servers that are named are used as they are", () => {
    const { temporal, s3 } = loadSettings({ RELEARN_HOME: home, TEMPORAL_ADDRESS: "temporal.example:7233", TEMPORAL_NAMESPACE: "team", TEMPORAL_API_KEY: "k", RELEARN_S3_ENDPOINT: "http://10.0.0.7:9000/", RELEARN_S3_BUCKET: "models", AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });
    expect(temporal).toMatchObject({ from: "environment", address: "temporal.example:7233", namespace: "team", apiKey: "k", tls: { serverName: null } });
    expect(s3).toMatchObject({ from: "environment", endpoint: "http://10.0.0.7:9000", bucket: "models", region: "eu-central-1", credentials: { accessKeyId: "a", secretAccessKey: "b" } });
    expect(loadSettings({ RELEARN_HOME: home, RELEARN_S3_ENDPOINT: "aws" }).s3).toMatchObject({ from: "environment", endpoint: null, credentials: null });
  });

  test("every problem is told at once, and no secret is shown", () => {
    const said = message(() => loadSettings({ RELEARN_HOME: home, TEMPORAL_ADDRESS: "http://x", TEMPORAL_TLS: "yes", TEMPORAL_TLS_CLIENT_CERT_PATH: "/nowhere/c.pem", RELEARN_S3_ENDPOINT: "10.0.0.7", RELEARN_S3_BUCKET: "No", AWS_SECRET_ACCESS_KEY: "hidden-secret" }));
    expect(said.split("\n")).toHaveLength(8);
    for (const name of ["TEMPORAL_ADDRESS", "TEMPORAL_TLS:", "TEMPORAL_TLS_CLIENT_KEY_PATH", "there is no file /nowhere/c.pem", "RELEARN_S3_ENDPOINT", "RELEARN_S3_BUCKET", "AWS_ACCESS_KEY_ID"]) expect(said).toContain(name);
    expect(said).not.toContain("hidden-secret");
    const addresses = message(() => loadSettings({ RELEARN_HOME: home, TEMPORAL_ADDRESS: "me:hidden-secret@x:1", RELEARN_S3_ENDPOINT: "https://me:hidden-secret@s3.example" }));
    expect(addresses).toContain('found "https://***@s3.example"');
    expect(addresses).not.toContain("hidden-secret");
  });

  test("a child process that gets their environment arrives at the same settings", () => {
    const envs = [{ RELEARN_HOME: home }, { RELEARN_HOME: home, TEMPORAL_ADDRESS: "h:1", RELEARN_S3_ENDPOINT: "aws", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_SESSION_TOKEN: "c", AWS_REGION: "eu-west-1" },
      { RELEARN_HOME: home, TEMPORAL_ADDRESS: "h:1", TEMPORAL_API_KEY: "k", TEMPORAL_TLS: "false", TEMPORAL_UI_URL: "https://ui.example" },
      { RELEARN_HOME: home, TEMPORAL_ADDRESS: "h:1", TEMPORAL_API_KEY: "k", TEMPORAL_TLS_SERVER_NAME: "s", TEMPORAL_TLS_SERVER_CA_CERT_PATH: import.meta.filename }];
    for (const env of envs) expect(loadSettings(environmentOf(loadSettings(env)))).toEqual(loadSettings(env));
  });

  test("state that is not Relearn's own is named with what to do, and settings cannot be changed afterwards", () => {
    const other = join(home, "other");
    mkdirSync(other);
    writeFileSync(join(other, "stack.json"), "{ half");
    expect(message(() => loadSettings({ RELEARN_HOME: other }))).toContain(`${join(other, "stack.json")} is not readable`);
    expect(() => ((loadSettings({ RELEARN_HOME: home }).s3 as { bucket: string }).bucket = "x")).toThrow(TypeError);
  });
});

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openTokens } from "../../serving/http/tokens.ts";
import { relearn } from "./harness.ts";

const folder = mkdtempSync(join(tmpdir(), "relearn-token-"));
const file = join(folder, "tokens.json");
const env = { RELEARN_HOME: folder, RELEARN_TOKENS_FILE: file };
const say = (...args: string[]) => relearn(env, "token", ...args);
afterAll(() => rmSync(folder, { recursive: true }));

describe("relearn token", () => {
  it("lets a caller in, changes the token without a gap, and takes it back", async () => {
    const first = (await say("create", "shop", "--json")).json<{ token: string; sha256: string }>();
    const tokens = openTokens(file);
    expect(tokens.holderOf(first.token)?.scopes).toEqual(["predict", "feedback"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = (await say("create", "shop", "--scopes", "predict, backfill", "--expires", "2999-01-01T00:00:00Z", "--json")).json<{ token: string; sha256: string }>();
    await expect.poll(() => tokens.holderOf(second.token)?.scopes, { timeout: 1000, interval: 50 }).toEqual(["predict", "backfill"]);
    const listed = await say("list");
    expect(listed.out).toContain(`shop  ${first.sha256.slice(0, 12)}  predict, feedback\n`);
    expect(listed.out).not.toContain(first.token);
    expect((await say("revoke", first.sha256.slice(0, 12))).exitCode).toBe(0);
    await expect.poll(() => tokens.holderOf(first.token), { timeout: 1000, interval: 50 }).toBeNull();
    expect(tokens.holderOf(second.token)).not.toBeNull();
    expect((await say("revoke", "shop")).out).toContain("1 token is taken back");
  });

  it("says what is wrong", async () => {
    expect(await say("create", "shop", "--scopes", "root")).toMatchObject({ exitCode: 1, err: expect.stringContaining("scopes") });
    expect(await say("create", "a\u001b[2J")).toMatchObject({ exitCode: 1, err: expect.stringContaining("must be 1 to 120 letters") });
    expect(await say("revoke", "nobody")).toMatchObject({ exitCode: 1, err: expect.stringContaining("relearn token list") });
    expect(await relearn({ RELEARN_HOME: folder }, "token", "list")).toMatchObject({ exitCode: 1, err: expect.stringContaining("RELEARN_TOKENS_FILE is not set") });
  });
});

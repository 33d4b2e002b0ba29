import { expect } from "vitest";
import type { RunRecord } from "../../schemas/run.ts";
import { sha256Hex } from "../../stores/canonical.ts";
import type { World } from "./world.ts";

/** The run is on the list with its reason, in words and as JSON, and no version or champion came of it. */
export async function expectOnlyAReason(world: World, name: string, state: RunRecord["state"], says: RegExp): Promise<void> {
  const record = await world.latest(name);
  expect({ state: record.state, v: record.v, reason: record.reason }).toEqual({ state, v: null, reason: expect.stringMatching(says) });
  expect(record.endedAt).not.toBeNull();
  const listed = await world.say("runs", name);
  expect(listed.out).toContain(state);
  expect(listed.out).toContain(record.reason!.split("\n")[0]!.slice(0, 60));
  await expectNoModel(world, name);
  if (state === "refused" || state === "held") expect(await keysOf(world, `datasets/${name}/`)).toEqual([]);
}

export async function expectNoModel(world: World, name: string): Promise<void> {
  expect(await keysOf(world, `models/${name}/`)).toEqual([]);
  expect(await world.say("show", name)).toMatchObject({ exitCode: 1, err: expect.stringContaining(`no model ${name}`) });
}

/** Every blob is what its name promises, and every document is whole. */
export async function expectNothingHalfWritten({ store }: World): Promise<void> {
  let blobs = 0;
  for await (const { key } of store.list("")) {
    const body = (await store.get(key))!.body;
    if (key.startsWith("blobs/")) expect(key).toContain(sha256Hex(body));
    else if (key.endsWith(".json")) expect(() => JSON.parse(new TextDecoder().decode(body)), key).not.toThrow();
    blobs += key.startsWith("blobs/") ? 1 : 0;
  }
  expect(blobs).toBeGreaterThan(10);
}

export async function keysOf({ store }: World, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** Says yes to what a pipeline's newest run asks, and follows it to its end: version `v` serves, registered and promoted once. */
export async function expectApprovable(world: World, name: string, v = 1): Promise<void> {
  const { run, question } = await world.latest(name);
  expect((await world.say("approve", run, "--digest", question!.digest, "--by", "bob")).exitCode).toBe(0);
  expect(await world.say("watch", run, "--wait")).toMatchObject({ exitCode: 0, out: expect.stringContaining(`version ${v} of ${name} serves now`) });
  const kinds = (await world.say("history", name, "--json")).json<{ operation: { kind: string; v: number } }[]>().map(({ operation }) => `${operation.kind} ${operation.v}`);
  expect(kinds.slice(0, 3)).toEqual([`promote ${v}`, `decision ${v}`, `register ${v}`]);
  expect(kinds).toHaveLength(3 * v);
  expect(await world.say("verify", name)).toMatchObject({ exitCode: 0 });
}

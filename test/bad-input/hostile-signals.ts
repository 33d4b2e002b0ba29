import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { temporal } from "./tools.ts";
import type { Pipeline, World } from "./world.ts";

const undecodable = ["--input", "{}", "--input-meta", "encoding=foo/bar"];

/** Sends a waiting run every answer that is none: all are refused and recorded, and it waits on. */
export async function sendHostileSignals(world: World, { name, folder }: Pipeline): Promise<void> {
  const { run, question } = await world.latest(name);
  const sized = (bytes: number): string => {
    const file = join(folder, `signal-${bytes}.json`);
    writeFileSync(file, JSON.stringify({ by: "ann", digest: question!.digest, comment: "x".repeat(bytes) }));
    return file;
  };
  const refused: readonly (readonly [string[], RegExp])[] = [
    [[], /expected one argument .*, found 0/],
    [Array.from({ length: 10 }, () => ["--input", "1"]).flat(), /expected one argument .*, found 10/],
    [["--input", "null"], /expected an object/],
    [undecodable, /"by" must name a person/],
    [["--input", "AAECAw==", "--input-base64", "--input-meta", "encoding=binary/protobuf"], /"by" must name a person/],
    [["--input-file", sized(1_000_000)], /"comment" must be a text of at most 2000 characters/],
  ];
  for (const [args] of refused) expect(await temporal(world, run, "approve", ...args)).toMatchObject({ code: 0 });
  const oversized = await temporal(world, run, "approve", "--input-file", sized(3_000_000));
  expect([oversized.code, oversized.said]).toEqual([1, expect.stringMatching(/size|exceed/i)]);
  await expect.poll(async () => (await world.latest(name)).answers.length, { timeout: 30_000 }).toBe(refused.length);
  const { answers, state } = await world.latest(name);
  expect(state).toBe("waiting");
  answers.forEach((answer, i) => expect(answer.refused).toMatch(refused[i]![1]));
}

/** Sends a pipeline's two lasting workflows signals that say nothing. */
export async function sendHostileTriggers(world: World, name: string): Promise<void> {
  for (const args of [[], ["--input", "1", "--input", "2"], undecodable, ["--input", '"now"']]) {
    for (const [workflow, signal] of [["retraining", "trigger"], ["deployment", "promote"], ["deployment", "rollback"]] as const) {
      expect(await temporal(world, `${name}/${workflow}`, signal, ...args)).toMatchObject({ code: 0 });
    }
  }
}

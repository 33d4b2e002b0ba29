import { childEntry } from "../../schemas/child-entry.ts";
import { type Child, ChildFailure, spawnChild } from "../../schemas/child.ts";
import { failureTypeOf } from "../../schemas/failures.ts";

/** Loads and runs each model in a child with a deadline and a ceiling; a child that is lost is replaced. */
export async function runMutants(mutants: readonly Uint8Array[]): Promise<{ ran: number; refused: number; killed: number }> {
  const outcome = { ran: 0, refused: 0, killed: 0 };
  const entry = await childEntry(import.meta.url, "mutant-child");
  const start = () => spawnChild({ title: "the mutant's process", entry, memoryBytes: 1 << 30 });
  let child: Child = start();
  for (const bytes of mutants) {
    try {
      await child.request(bytes, { deadlineMs: 3_000 });
      outcome.ran++;
    } catch (error) {
      if (failureTypeOf(error) === "ModelRefused") outcome.refused++;
      else if (error instanceof ChildFailure) {
        outcome.killed++;
        child = start();
      } else throw error;
    }
  }
  await child.close();
  return outcome;
}

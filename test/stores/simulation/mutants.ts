import { RelearnError } from "../../../schemas/failures.ts";
import { commitRules } from "../../../stores/commit-rules.ts";
import type { ObjectStore } from "../../../stores/object-store.ts";
import type { Mutant } from "./simulate.ts";

const rules = (changed: Partial<typeof commitRules>): Mutant => ({ options: { rules: { ...commitRules, ...changed } } });
const isEntry = (key: string): boolean => key.includes("/log/");

/** An SDK that repeats a conditional put whose reply was lost, under a writer that takes a 412 for somebody else's win. */
const trusting = (real: ObjectStore): ObjectStore => ({
  ...real,
  async put(key, body, options) {
    if (!isEntry(key)) return real.put(key, body, options);
    return real.put(key, body, options).catch(async () => {
      const second = await real.put(key, body, options);
      if (second.outcome === "exists") throw new RelearnError("Superseded", "another writer came first");
      return second;
    });
  },
});

/** Each one is a mistake that a real system has made; the simulation must find every one. */
export const mutants: Readonly<Record<string, Mutant>> = {
  "a repeated step does not look for its own entry": rules({ findMine: () => undefined }),
  "a lost reply counts as success": rules({ afterPut: (report) => (report === "unknown" ? "done" : commitRules.afterPut(report)) }),
  "the expected champion is not checked": rules({ expectedHolds: () => true }),
  "the transaction differs between attempts": { txn: (txn, attempt) => `${txn}#${attempt}` },
  "an approval is not compared with today's champion, nor used once": { options: { checkApproval: () => {} } },
  "an entry is put without its condition": { store: (real) => ({ ...real, put: (key, body, options) => real.put(key, body, isEntry(key) ? {} : options) }) },
  "the put is repeated by the SDK, and its 412 is trusted": { store: trusting },
};

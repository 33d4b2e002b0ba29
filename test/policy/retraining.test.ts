import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asksNoRun, fold, foldedInto, leading, maxCauses, nextOf, readTrigger } from "../../policy/retraining.ts";
import type { Trigger } from "../../schemas/cause.ts";

const trigger = (key: string, asOf = "2013-03-01T00:00:00.000Z"): Trigger => ({ cause: { kind: "person", key, by: "ann" }, asOf, definition: { sha256: "a".repeat(64), bytes: 1 }, pipeline: "flights" });

describe("causes of a run", () => {
  it("are folded: the same one twice is one", () => {
    expect(fold(fold([], trigger("a")), trigger("a", "2013-04-01T00:00:00.000Z"))).toEqual([trigger("a")]);
    expect(fold([trigger("a")], trigger("b"))).toHaveLength(2);
  });

  it("are bounded: a flood says nothing new", () => {
    const flood = Array.from({ length: 1_000 }, (_, i) => trigger(String(i))).reduce(fold, [] as readonly Trigger[]);
    expect(flood).toHaveLength(maxCauses);
  });

  it("give the same run in whatever order they come", () => {
    const sent = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 28 })), { maxLength: maxCauses, selector: ([key]) => key });
    const triggers = sent.map((all) => all.map(([key, day]) => trigger(key, new Date(Date.UTC(2013, 2, day)).toISOString())));
    const folded = (all: readonly Trigger[]) => all.reduce(fold, [] as readonly Trigger[]);
    const told = (queue: readonly Trigger[]) => [queue.map(({ cause }) => cause.key).sort(), leading(queue)?.asOf];
    fc.assert(fc.property(triggers, fc.infiniteStream(fc.nat()), (all, numbers) => {
      const shuffled = all.map((one) => [numbers.next().value, one] as const).sort(([a], [b]) => a - b).map(([, one]) => one);
      expect(told(folded([...shuffled, ...all]))).toEqual(told(folded(all)));
    }), { numRuns: 50, seed: 7 });
  });

  it("that alarm for something else than a run ask for none, unless a person asks", () => {
    const alarm = { id: "b".repeat(64), kind: "broken-data", proposal: "fix-data", message: "stuck" } as const;
    const alarmed: Trigger = { ...trigger("a"), cause: { kind: "alarm", key: "a", by: null }, alarm };
    expect([alarmed, { ...alarmed, alarm: { ...alarm, proposal: "retrain" as const } }, { ...alarmed, cause: trigger("a").cause }, trigger("a")].map(asksNoRun)).toEqual([true, false, false, false]);
  });

  it("that ask for a version wait for a run of their own, in the order they came, and no flood keeps them out", () => {
    const asked = { ...trigger("p"), version: 3 };
    const queue = [asked, trigger("a"), { ...trigger("q"), version: 2 }, { ...trigger("r"), version: 3 }, trigger("b")];
    const keys = (triggers: readonly Trigger[]) => triggers.map(({ cause }) => cause.key);
    expect(keys(nextOf(queue))).toEqual(["p", "r"]);
    expect(keys(nextOf(queue.slice(1)))).toEqual(["a", "b"]);
    expect(nextOf([])).toEqual([]);
    const flood = Array.from({ length: 1_000 }, (_, i) => trigger(String(i))).reduce(fold, [] as readonly Trigger[]);
    expect(fold(flood, asked)).toContain(asked);
    expect(readTrigger([asked], "flights")).toEqual(asked);
  });

  it("are led by the newest time, the last sent among equals", () => {
    expect(leading([trigger("a", "2013-04-01T00:00:00.000Z"), trigger("b")])?.cause.key).toBe("a");
    expect(leading([trigger("a"), trigger("b")])?.cause.key).toBe("b");
    expect(leading([])).toBeNull();
  });

  it("say what a folded one will get, where that is another than it asked for", () => {
    const [early, late] = [trigger("a"), trigger("b", "2013-04-01T00:00:00.000Z")];
    expect(foldedInto([early, late], "a")).toBe(late);
    expect(foldedInto([early, late], "b")).toBeNull();
    expect(foldedInto([early, trigger("c")], "a")).toBeNull();
    expect(foldedInto([early, { ...trigger("c"), definition: { sha256: "b".repeat(64), bytes: 1 } }], "a")?.cause.key).toBe("c");
    expect(foldedInto([{ ...early, version: 2 }, late], "a")).toBeNull();
    expect(foldedInto([late], "a")).toBeNull();
  });

  it.each([
    ["nothing", []], ["two arguments", [trigger("a"), trigger("a")]], ["a text", ["go"]], ["another pipeline's", [{ ...trigger("a"), pipeline: "voices" }]],
    ["one without a time", [{ ...trigger("a"), asOf: "soon" }]], ["one without a definition", [{ ...trigger("a"), definition: { sha256: "../../x", bytes: 1 } }]],
    ["one for no version", [{ ...trigger("a"), version: 0.5 }]], ["one of an unknown kind", [{ ...trigger("a"), cause: { kind: "whim", key: "a", by: null } }]],
  ])("are not read from %s", (_, args) => {
    expect(readTrigger(args, "flights")).toBeNull();
  });

  it("are read without anything that does not belong to them", () => {
    expect(readTrigger([{ ...trigger("a"), extra: 1 }], "flights")).toEqual(trigger("a"));
  });
});

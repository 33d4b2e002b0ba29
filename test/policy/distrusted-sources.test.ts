import { describe, expect, test } from "vitest";
import { distrustedSources, distrustText } from "../../policy/distrusted-sources.ts";
import type { SourceEvidence } from "../../schemas/dataset.ts";

const evidence = (change: Partial<SourceEvidence> = {}): SourceEvidence => ({ source: "rogue", labels: 400, disagreed: 0.6, expected: 0.12, others: { labels: 9_600, disagreed: 0.13, expected: 0.12 }, p: 1e-9, ...change });
const names = (list: readonly SourceEvidence[], labels = 10_000) => distrustedSources(list, labels).map(({ source }) => source);

describe("a sender of labels is not trusted", () => {
  test("where its labels differ more than those of the others, by more than chance and by enough to matter", () => {
    expect(names([evidence(), evidence({ source: "shop", disagreed: 0.13 })])).toEqual(["rogue"]);
    expect(names([evidence({ disagreed: 0.22 })])).toEqual([]);
    expect(names([evidence({ p: 0.002 })])).toEqual([]);
  });

  test("not for rows on which the model itself was unsure, nor where all differ alike", () => {
    expect(names([evidence({ expected: 0.55 })])).toEqual([]);
    expect(names([evidence({ others: { labels: 9_600, disagreed: 0.55, expected: 0.12 } })])).toEqual([]);
  });

  test("not on fewer than 200 labels", () => {
    expect(names([evidence({ labels: 199 })])).toEqual([]);
    expect(names([evidence({ labels: 200 })])).toEqual(["rogue"]);
  });

  test("unless that leaves out half of all labels: then nobody can say who is wrong", () => {
    const two = [evidence({ labels: 3_000 }), evidence({ source: "other", labels: 2_000 })];
    expect(names(two)).toEqual([]);
    expect(names(two, 10_001)).toEqual(["rogue", "other"]);
  });
});

test("the evidence is said in words", () => {
  expect(distrustText(evidence())).toBe("labels that rogue sent differ from the model's answers in 60.0 % of 400 (expected 12.0 %), those of the others in 13.0 % of 9600 (expected 12.0 %), p 1.0e-9");
});

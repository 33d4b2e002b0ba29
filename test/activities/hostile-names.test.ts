import { describe, expect, it } from "vitest";
import { evidenceMarkdown } from "../../activities/support/evidence.ts";
import { modelCard } from "../../activities/support/model-card.ts";
import { approvalText } from "../../cli/support/approval-text.ts";
import { evidenceText } from "../../cli/support/evidence.ts";
import { outcomeLine } from "../../cli/support/run-outcome.ts";
import { changeLine } from "../../cli/support/run-screen.ts";
import { makeStyle, plainLines } from "../../cli/support/style.ts";
import { renderTable } from "../../cli/support/table.ts";
import { markdownText } from "../../policy/markdown-text.ts";
import { definition } from "../../schemas/definition.ts";
import type { Evaluation } from "../../schemas/evaluation.ts";
import { sampleEvaluation, sampleQuestion, sampleRun } from "../cli/samples.ts";
import { sampleManifest } from "../stores/registry-samples.ts";
import { hostileNames } from "../support/hostile-names.ts";

const temporal = { from: "environment" as const, address: "127.0.0.1:7233", namespace: "default", ui: "http://127.0.0.1:8233", apiKey: null, tls: null };
const tame = hostileNames.map((_, i) => `name ${i}`);
const near = { value: 0.7, low: 0.69, high: 0.71, why: null };

/** An evaluation whose every name and reason is one of these. */
function evaluationOf(names: readonly string[]): Evaluation {
  const metrics = Object.fromEntries(names.map((name) => [name, near]));
  const [holdout] = sampleEvaluation.holdouts as [Evaluation["holdouts"][number]];
  return {
    ...sampleEvaluation,
    holdouts: [{ ...holdout, candidate: metrics, champion: metrics, difference: metrics, baseline: metrics, slices: names.map((slice) => ({ slice, rows: 300, candidate: metrics, champion: metrics, difference: metrics, rowsToTell: null })) }],
    gates: names.map((name) => ({ gate: name, answer: "no" as const, reason: name, observed: null, limit: null })),
  };
}

/** Every text that a terminal shows, made of these names. */
function onTerminal(names: readonly string[], colours: boolean, width = Infinity): string[] {
  const style = makeStyle(colours);
  return [
    evidenceText(evaluationOf(names), { style, width }),
    approvalText({ run: sampleRun.run, question: { ...sampleQuestion, approvers: [...names] }, answers: [] }, temporal, style),
    ...names.map((reason) => outcomeLine({ ...sampleRun, state: "gated", reason }, style)),
    ...names.map((reason) => changeLine({ ...sampleRun, stage: "ingest", state: "held", reason }, null)),
    renderTable(names.map((title) => ({ title, cell: () => style.red(title) })), [1, 2], Infinity),
    renderTable([{ title: "N", cell: (name: string) => name }], names, Infinity),
  ];
}

const lines = (text: string): number => text.split("\n").length;

describe("hostile names on a terminal", () => {
  it.each([false, true])("cannot move the cursor, add a line, hide, link or turn text round (colours: %s)", (colours) => {
    const [shown, expected] = [onTerminal(hostileNames, colours), onTerminal(tame, colours)];
    expect(shown.map(lines)).toEqual(expected.map(lines));
    for (const text of [...shown, ...onTerminal(hostileNames, colours, 100)]) {
      const bare = text.replace(/\u001b\[(?:1|2|22|31|32|33|36|39)m/g, "");
      expect(bare.replaceAll("\n", "")).not.toMatch(/\p{Cc}|\p{Zl}|\p{Zp}|\p{Cs}/u);
      if (!colours) expect(text).not.toContain("\u001b");
    }
    expect(shown.join("")).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u{e0000}-\u{e007f}]/u);
  });

  it("cannot do so from an error message either, whose own lines stay", () => {
    expect(plainLines("not valid:\n  slices.\u001b[2Jx: too long\r\n  gates: \u202eno")).toBe("not valid:\n  slices. [2Jx: too long\n  gates:  no");
  });
});

/** What is not escaped of a Markdown line. */
const live = (line: string): string => line.replace(/\\[!-/:-@[-`{-~]/g, "");

function cardOf(names: readonly string[]): string {
  const [first = ""] = names;
  const columns = Object.fromEntries(["distance"].map((name) => [name, { type: "number" as const }]));
  const read = definition.parse({ name: "flights", sources: { rows: { format: "csv", uri: "rows/", time: "at" } }, columns, label: { column: "late", task: "binary" }, windows: { holdout: "P7D" }, trainer: { command: ["true"] }, gates: [{ kind: "atLeast", metric: "auc", value: 0.6 }] });
  const manifest = { ...sampleManifest("flights", 1, { sha256: "a".repeat(64), bytes: 1 }, { sha256: "b".repeat(64), bytes: 1 }), trainer: { command: [...names], packages: Object.fromEntries(names.map((name) => [name, name])) }, run: first, job: first };
  const snapshot = { id: "s".repeat(64), rows: { in: 1, accepted: 1, quarantined: 0, duplicates: 0, train: 1, holdout: 0 }, files: names.map((uri) => ({ uri })) };
  return modelCard({ manifest, definition: read, evaluation: evaluationOf(names), snapshot: snapshot as never, causes: names.map((by) => ({ kind: "person", key: "k", by })) });
}

describe("hostile names in Markdown", () => {
  it.each([["the evidence", (names: readonly string[]) => evidenceMarkdown(evaluationOf(names))], ["a model's card", cardOf]])("leave %s its lines and its cells, and are no link, image, HTML, code or emphasis", (_, make) => {
    const [shown, expected] = [make(hostileNames).split("\n"), make(tame).split("\n")];
    expect(shown.length).toBe(expected.length);
    for (const [i, line] of shown.entries()) {
      const [got, want] = [live(line), live(expected[i]!)];
      for (const mark of ["|", "`", "<", ">", "[", "]", "!", "*", "~", "$", "&"]) expect(got.split(mark).length, `${mark} in ${line}`).toBe(want.split(mark).length);
      expect(got).not.toMatch(/https?:\/\/|www\.|[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b\u200f]/u);
      expect(got.startsWith("#")).toBe(want.startsWith("#"));
    }
  });

  it("are one line of a list, and no list or heading in it", () => {
    for (const name of hostileNames) expect(markdownText(name)).not.toMatch(/^([#+=-]+|\d+[.)])(\s|$)|\n/);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { approvalText } from "../../cli/support/approval-text.ts";
import { dataText } from "../../cli/support/data-text.ts";
import { detailOf } from "../../cli/commands/history.ts";
import { evidenceText } from "../../cli/support/evidence.ts";
import { duration, figure, interval, size } from "../../cli/support/format.ts";
import { retrainingText, standingText } from "../../cli/support/retraining-text.ts";
import { exitCodes, nextCommand, outcomeLine } from "../../cli/support/run-outcome.ts";
import { retryingStep } from "../../cli/support/retrying-step.ts";
import { changeLine, liveLines } from "../../cli/support/run-screen.ts";
import { remainingSeconds, stepViews } from "../../cli/support/run-steps.ts";
import { clip, makeStyle, plain, widthOf } from "../../cli/support/style.ts";
import { replicasText } from "../../cli/support/replicas-text.ts";
import { renderTable } from "../../cli/support/table.ts";
import type { Replica } from "../../schemas/replica.ts";
import { commandWords, typeable } from "../../cli/support/typeable.ts";
import { workflowLink } from "../../cli/support/workflow-link.ts";
import { retrain } from "../../schemas/retrain.ts";
import { runState } from "../../schemas/run.ts";
import { temporalLine } from "../../schemas/temporal-line.ts";
import type { RetrainingStatus } from "../../workflows/messages.ts";
import { sampleEvaluation, sampleQuestion, sampleRun } from "./samples.ts";

const bare = makeStyle(false);
const screen = { style: bare, width: Infinity };
const temporal = { from: "environment" as const, address: "127.0.0.1:7233", namespace: "default", ui: "http://127.0.0.1:8233", apiKey: null, tls: null };

describe("a table", () => {
  const columns = [{ title: "NAME", cell: (row: string[]) => row[0] as string, shrinks: true }, { title: "N", cell: (row: string[]) => row[1] as string, right: true }];

  it("lines its columns up and reads numbers from the right", () => {
    expect(renderTable(columns, [["flights", "1"], ["x", "120"]], Infinity)).toBe("NAME       N\nflights    1\nx        120");
  });

  it("cuts the columns that may shrink on a narrow terminal, and keeps whole what must be read whole", () => {
    const lines = renderTable(columns, [["a-name-that-is-far-too-long", "123456"]], 20).split("\n");
    expect(lines.every((line) => widthOf(line) <= 20)).toBe(true);
    expect(lines[1]).toMatch(/^a-name.*…\s+123456$/);
  });

  it("breaks what must be read whole into lines, between words where it can", () => {
    const wrapping = [{ title: "WHY", cell: (row: string[]) => row[0] as string, wraps: true }, { title: "N", cell: (row: string[]) => row[1] as string, right: true }];
    expect(renderTable(wrapping, [["auc is 0.72 in a-very-long-slice", "1"]], 15)).toBe("WHY           N\nauc is        1\n  0.72 in\n  a-very-lon\n  g-slice");
  });

  it("counts colours as nothing", () => {
    const red = makeStyle(true).red("no");
    expect(widthOf(red)).toBe(2);
    expect(clip(red, 2)).toBe(red);
  });
});

describe("what others wrote", () => {
  it("cannot move the cursor, colour the screen or fake a line", () => {
    expect(plain("ok\u001b[2J\nversion 9 serves\u202enow")).toBe("ok [2J version 9 serves now");
  });
});

describe("figures", () => {
  it.each([[0.42, "0.4 s"], [42, "42 s"], [185, "3 min 05 s"], [7_620, "2 h 07 min"], [277_200, "3 d 05 h"]])("tells %d seconds as %s", (seconds, text) => expect(duration(seconds)).toBe(text));
  it.each([[12, "12 B"], [3_400, "3.4 kB"], [5e6, "5.0 MB"]])("tells %d bytes as %s", (bytes, text) => expect(size(bytes)).toBe(text));
  it("keeps four digits of a figure, and its interval", () => {
    expect(figure(0.712345)).toBe("0.7123");
    expect(interval({ value: 0.5, low: 0.4, high: 0.6, why: null })).toBe("0.5 [0.4, 0.6]");
  });
  it("gives the reason where a figure is missing", () => expect(interval({ value: null, low: null, high: null, why: "one class only" })).toBe("one class only"));
});

describe("a temporal line", () => {
  it("needs no address for the server that Temporal's own CLI looks for", () => {
    expect(temporalLine(temporal, ["workflow", "cancel"], { "workflow-id": "flights/run/1" })).toBe("temporal workflow cancel --workflow-id flights/run/1");
  });
  it("names another server and namespace", () => {
    expect(temporalLine({ ...temporal, address: "t.example:7233", namespace: "ml" }, ["schedule", "list"], {})).toBe("temporal schedule list --address t.example:7233 --namespace ml");
  });
  it("quotes what a shell would read otherwise", () => {
    expect(temporalLine(temporal, ["workflow", "signal"], { input: { by: "O'Hara; rm -rf $HOME" } })).toBe(`temporal workflow signal --input '{"by":"O'\\''Hara; rm -rf $HOME"}'`);
  });
  it("links to a workflow whose id has slashes", () => expect(workflowLink(temporal, "a/run/b")).toBe("http://127.0.0.1:8233/namespaces/default/workflows/a%2Frun%2Fb"));
});

describe("a command in a text", () => {
  const words = { relearn: "npx relearn", temporal: ".venv/bin/temporal" };

  it("is shown as it can be typed here, wherever it stands", () => {
    expect(typeable("  yes       relearn approve r\n  or        temporal workflow signal\nrun `relearn up`; next: relearn runs", words)).toBe("  yes       npx relearn approve r\n  or        .venv/bin/temporal workflow signal\nrun `npx relearn up`; next: npx relearn runs");
    expect(typeable(makeStyle(true).dim("relearn show a   relearn history a"), words)).toContain("npx relearn show a   npx relearn history a");
  });
  it("is not found in a sentence, in a path or twice", () => {
    for (const text of ["paused by relearn", "what relearn runs", "`npx relearn up`", "s3://relearn", "temporal workflows", "/x/temporal workflow list"]) expect(typeable(text, words)).toBe(text);
  });
  it("is named by what is on PATH, else by what the checkout holds", () => {
    const root = mkdtempSync(join(tmpdir(), "relearn-words-"));
    const program = (...names: string[]): string => {
      mkdirSync(join(root, ...names.slice(0, -1)), { recursive: true });
      writeFileSync(join(root, ...names), "", { mode: 0o755 });
      return join(root, ...names.slice(0, -1));
    };
    expect(commandWords("/nowhere", root, root)).toEqual({ relearn: "relearn", temporal: "temporal" });
    const npms = program("node_modules", ".bin", "relearn");
    program(".venv", "bin", "temporal");
    expect(commandWords(npms, join(root, "docs"), root)).toEqual({ relearn: "npx relearn", temporal: join(root, ".venv/bin/temporal") });
    expect(commandWords(npms, root, root).temporal).toBe(".venv/bin/temporal");
    program("bin", "temporal");
    expect(commandWords(program("bin", "relearn"), root, root)).toEqual({ relearn: "relearn", temporal: "temporal" });
    rmSync(root, { recursive: true });
  });
});

describe("the evidence", () => {
  const text = evidenceText(sampleEvaluation, screen);

  it("shows each metric of candidate and champion with its interval, and their difference", () => {
    expect(text).toMatch(/auc\s+0\.72 \[0\.71, 0\.73\]\s+0\.7 \[0\.69, 0\.71\]\s+\+0\.02 \[0\.01, 0\.03\]/);
  });
  it("shows slices with the rows that would tell, and every gate with its reason", () => {
    expect(text).toMatch(/storm\s+310 .*900 more/);
    expect(text).toMatch(/latency\s+not evaluated\s+the process died/);
  });
  it("shows slices by the metric that a gate judges them by, and says what the rows to tell are", () => {
    const gates = [{ gate: "log_loss no worse in slice storm", answer: "yes" as const, reason: "", observed: null, limit: null }];
    const slices = sampleEvaluation.holdouts[0]!.slices.map((slice) => ({ ...slice, candidate: { ...slice.candidate, log_loss: { value: 0.4, low: null, high: null, why: null } } }));
    expect(evidenceText({ ...sampleEvaluation, gates, holdouts: [{ ...sampleEvaluation.holdouts[0]!, slices }] }, screen)).toMatch(/SLICE \(log_loss\)[^]*storm +310 +0\.4 /);
    expect(text).toMatch(/SLICE \(auc\)[^]*ROWS TO TELL: about so many rows more/);
  });
  it("cuts nothing on a narrow terminal", () => {
    const narrow = evidenceText(sampleEvaluation, { style: bare, width: 60 });
    expect(narrow).not.toContain("…");
    expect(narrow.split("\n").filter((line) => /^(auc|storm|latency)/.test(line)).every((line) => widthOf(line) <= 60)).toBe(true);
  });
  it("speaks of a missing champion in the past where the version serves already", () => {
    const first = { ...sampleEvaluation, champion: null };
    expect([evidenceText(first, screen), evidenceText(first, screen, "past")]).toEqual([expect.stringMatching(/^There is no champion yet/), expect.stringMatching(/^There was no champion when/)]);
  });
  it("tells the rows set aside, and why", () => {
    const finding = { check: "rule", subject: "distance", effect: "quarantined" as const, rows: 10, message: "10 rows break a rule" };
    expect(dataText(sampleRun, [finding, { ...finding, effect: "harmless", message: "not told" }])).toBe(`Data: 1,010 rows, 10 of them quarantined: see quarantine/flights/${sampleRun.snapshot}.parquet in the bucket\n  10 rows break a rule`);
  });
  it("speaks of one row as one", () => {
    const single = { ...sampleEvaluation, parity: { ...sampleEvaluation.parity, rows: 1 }, holdouts: sampleEvaluation.holdouts.map((holdout) => ({ ...holdout, rows: 1 })) };
    expect(evidenceText(single, screen)).toMatch(/Holdout recent: 1 row, [^]*largest difference \S+ on 1 row\n/);
  });
  it("has no champion's columns where there is none", () => {
    const first = { ...sampleEvaluation, champion: null, holdouts: sampleEvaluation.holdouts.map((holdout) => ({ ...holdout, champion: null, difference: null, flips: null })) };
    expect(evidenceText(first, screen)).not.toMatch(/CHAMPION/);
  });
});

describe("a question", () => {
  const text = approvalText({ run: sampleRun.run, question: sampleQuestion, answers: [] }, temporal, bare);

  it("shows the whole digest, the link, and the exact lines that answer", () => {
    expect(text).toContain(sampleQuestion.digest);
    expect(text).toContain("http://127.0.0.1:8233/namespaces/default/workflows/flights%2Frun%2F0123456789ab");
    expect(text).toContain("relearn approve flights/run/0123456789ab --digest dddddddddddd");
    expect(text).toContain(`temporal workflow signal --workflow-id flights/run/0123456789ab --name approve --input '{"by":"you","digest":"${sampleQuestion.digest}","comment":""}'`);
  });
});

describe("a run on the screen", () => {
  const at = Date.parse("2026-01-01T00:00:15.000Z");
  const progress = { progressPercentage: 42.7, metrics: [{ name: "auc", value: 0.7123 }], estimatedRemainingSeconds: 30 };

  it("is a list of steps with the time each took, and what training says of itself", () => {
    const lines = liveLines(sampleRun, progress, null, "*", { style: bare, width: 200 }, at);
    expect(lines[0]).toMatch(/^✔ ingest\s+4\.0 s/);
    expect(lines[1]).toMatch(/^✔ validate\s+6\.0 s\s+1,000 rows accepted, 10 quarantined/);
    expect(lines[2]).toMatch(/^\* train\s+5\.0 s\s+800 rows, 42 %, auc 0\.7123, 30 s to go/);
    expect(lines[3]).toBe("· evaluate");
    expect(lines.at(-1)).toBe("flights/run/0123456789ab: 15 s so far");
  });
  it("speaks of one row as one", () => {
    const single = stepViews({ ...sampleRun, rows: { in: 1, accepted: 1, quarantined: 0, train: 1, holdout: 0 } }, null, at);
    expect(single.map(({ detail }) => detail).slice(1, 3)).toEqual(["1 row accepted, 0 quarantined", "1 row"]);
  });
  it("foretells the rest from an earlier run, and training's own word where it has one", () => {
    const earlier = { ...sampleRun, seconds: { ingest: 4, validate: 6, train: 60, evaluate: 20, register: 1 } };
    expect(remainingSeconds(sampleRun, progress, earlier, at)).toBe(51);
    expect(remainingSeconds(sampleRun, null, earlier, at)).toBe(76);
  });
  it("tells gates by their answers, so that not applicable is no failure", () => {
    const gates = (["yes", "yes", "not-applicable"] as const).map((answer) => ({ gate: "g", answer, reason: "", observed: null, limit: null }));
    expect(stepViews({ ...sampleRun, stage: "register", seconds: { evaluate: 5 }, gates }, null, at).find(({ step }) => step === "evaluate")?.detail).toBe("gates: 2 yes, 1 not applicable");
  });
  it("marks where an ended run stopped", () => {
    const ended = { ...sampleRun, state: "gated" as const, stage: "done" as const, endedAt: "2026-01-01T00:01:00.000Z", seconds: { ingest: 4, validate: 6, train: 30, evaluate: 5 } };
    expect(stepViews(ended, null, at).find(({ step }) => step === "evaluate")?.status).toBe("stopped");
  });
  it("is one line a change elsewhere, training in tenths", () => {
    expect(changeLine(sampleRun, progress)).toBe("train: 800 rows: 40 %");
    expect(changeLine(sampleRun, { progressPercentage: 44 })).toBe(changeLine(sampleRun, progress));
    expect(changeLine({ ...sampleRun, state: "held", stage: "ingest", reason: "no file for 2013-02" }, null)).toBe("ingest: held: no file for 2013-02");
  });
});

describe("a step that is tried again", () => {
  const described = (pendingActivities: readonly object[]) => ({ raw: { pendingActivities } }) as unknown as Parameters<typeof retryingStep>[0];

  it("says which, how often, and why", () => {
    const failed = { activityType: { name: "ingest" }, attempt: 3, lastFailure: { message: "the object store did not answer\nmore" } };
    expect(retryingStep(described([{ activityType: { name: "train" }, attempt: 1 }, failed]))).toBe("ingest is tried again (3): the object store did not answer");
    expect(retryingStep(described([]))).toBeNull();
  });
});

describe("a decision in the log", () => {
  const answer = { by: "ann", claimed: true, decision: "approve" as const, digest: "d".repeat(12), comment: "good", at: "2026-01-01T00:02:00Z", refused: null };
  const subject = { run: "r", model: "4".repeat(64), evaluation: "5".repeat(64), champion: null };
  it("names those whose answers count, and only counts the others", () => {
    const answers = [answer, { ...answer, by: "bob", claimed: false, comment: "" }, { ...answer, refused: "ann has answered already" }];
    expect(detailOf({ operation: { kind: "decision", v: 1, digest: "d".repeat(64), subject, decision: "approved", answers }, approval: null })).toBe("approved dddddddddddd by ann (claimed): good and bob; 1 answer did not count");
  });
});

describe("a run's end", () => {
  it("has the exit code that its state means", () => {
    expect(exitCodes).toEqual({ aborted: 3, running: 0, promoted: 0, held: 1, failed: 1, superseded: 1, cancelled: 1, refused: 3, gated: 3, waiting: 4, rejected: 4, expired: 4 });
  });
  it.each(runState.options)("is one sentence, with what to type next, when %s", (state) => {
    const record = { ...sampleRun, state, v: 3, reason: "because", question: sampleQuestion };
    expect(outcomeLine(record, bare)).not.toContain("\n");
    expect(nextCommand(record)).toMatch(/^relearn \w+ /);
  });
});

describe("what retraining does", () => {
  const idle: RetrainingStatus = { paused: false, running: null, queued: [], started: {}, problem: null, waiting: [], blocked: null, change: {}, decisions: [], standing: null };
  const settings = retrain.parse({});

  it.each([[["a"], "for 1 cause"], [["a", "b"], "for 2 causes"]])("counts the causes %j of a run", (causes, text) => {
    expect(retrainingText(bare, "p", { ...idle, running: { workflowId: "p/run/1", causes } }, null)).toContain(text);
  });
  it.each([[undefined, "1 run"], [1, "1 of 1 run"], [2, "1 of 2 runs"]])("counts the runs of a month that may have %s", (maxPerMonth, text) => {
    expect(standingText({ asOf: "2026-01-01T00:00:00Z", runs: 1, gpuHours: 0, cooldownEnd: null, settings: { ...settings, ...(maxPerMonth === undefined ? {} : { maxPerMonth }) } }, {})).toMatch(new RegExp(`: ${text}$`));
  });
});

describe("what servers answer with", () => {
  const server: Replica = { version: 1, id: "a", model: "rides", url: "http://127.0.0.1:8080", at: "2026-03-01T00:00:00Z", until: "2026-03-01T00:00:15Z", n: 3, champion: { v: 2, digest: "a".repeat(64) }, warm: [], failed: [], pinned: null, counts: [], labels: [] };
  it("is a line a server, with its pin and what it could not load", () => {
    expect(replicasText([])).toMatch(/^no server answers for it/);
    const worse = { ...server, champion: null, pinned: { v: 1, n: 3, reason: "worse\u001b[2J", by: "ann" }, failed: [{ v: 3, digest: "b".repeat(64), reason: "other bytes" }] };
    expect(replicasText([server, worse])).toBe("http://127.0.0.1:8080 answers with version 2\nhttp://127.0.0.1:8080 answers nobody yet; pinned there by ann: worse [2J; version 3 cannot be loaded: other bytes");
  });
});

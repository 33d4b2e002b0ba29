import type { ModelContract } from "../inference/contract.ts";
import type { FeedbackRecord } from "../schemas/feedback.ts";
import type { LabelCounts, Variant } from "../schemas/replica.ts";
import { answerOf, isWrong } from "../stats/wrong-answer.ts";

/** A rollout's step, while it has one share: counts of two shares are of two experiments. */
export interface Step {
  readonly id: string;
  readonly step: number;
  readonly share: number;
}

type Scores = Float32Array | Float64Array;

/** Remembers what was answered while a version takes over, so that labels can be counted for and against it when they come in. */
export interface LabelledAnswers {
  answered(id: string, contract: ModelContract, variant: Variant, scores: Scores, rows: number): void;
  /** Counts a label. A repeated one changes nothing, and a corrected one takes the place of the one before. */
  label(record: FeedbackRecord): void;
  /** Another rollout forgets all; another step or share only begins another count. */
  begin(step: Step | null): void;
  /** What was answered so far at this step is nothing to compare with. */
  forgetStep(): void;
  counts(): LabelCounts[];
}

type Tally = { -readonly [K in keyof LabelCounts]: LabelCounts[K] };

/** One version's answers to the rows of a request. */
interface Answered {
  readonly contract: ModelContract;
  readonly tally: Tally;
  readonly answers: readonly (number | null)[];
}

interface Remembered {
  /** Whoever answered the caller, and a shadow beside it. */
  readonly all: Answered[];
  /** By row, the label that was counted. */
  labels: Map<number, string> | null;
}

/** Rows that are remembered, some 25 MB of them: the oldest are forgotten first, the champion's and the candidate's alike, so that neither has the later labels only. */
const mostRows = 100_000;
/** Steps and shares whose counts are kept. */
const mostTallies = 100;

export function rememberAnswers(most = mostRows): LabelledAnswers {
  const remembered = new Map<string, Remembered>();
  let rowsHeld = 0;
  let step: Step | null = null;
  let tallies: Tally[] = [];

  const tallyOf = ({ id, step: number, share }: Step, { v, digest }: ModelContract, variant: Variant): Tally => {
    const found = tallies.find((one) => one.step === number && one.share === share && one.digest === digest && one.variant === variant);
    if (found !== undefined) return found;
    const tally: Tally = { rollout: id, step: number, share, v, digest, variant, requests: 0, labelled: 0, wrong: 0, worse: 0, better: 0 };
    tallies = [...tallies.slice(1 - mostTallies), tally];
    return tally;
  };
  const forgetOldest = (): void => {
    for (const [id, { all }] of remembered) {
      if (rowsHeld <= most) return;
      remembered.delete(id);
      rowsHeld -= all.reduce((sum, { answers }) => sum + answers.length, 0);
    }
  };
  return {
    answered(id, contract, variant, scores, rows) {
      if (step === null || rows === 0 || rows > most) return;
      const width = scores.length / rows;
      const answers = Array.from({ length: rows }, (_, row) => answerOf(contract.task, scores, row, width));
      const before = remembered.get(id);
      const one = { contract, tally: tallyOf(step, contract, variant), answers };
      // A shadow whose label came before its answer is left out: its row would be counted without the champion's.
      if (before === undefined) remembered.set(id, { all: [one], labels: null });
      else if (before.labels === null) before.all.push(one);
      else return;
      rowsHeld += rows;
      forgetOldest();
    },
    label({ prediction_id: id, row, label, value }) {
      const found = remembered.get(id);
      if (found === undefined) return;
      const said = label ?? String(value);
      const before = found.labels?.get(row);
      if (before === said || found.all.every(({ answers }) => answers[row] == null)) return;
      if (before !== undefined) count(found.all, id, row, before, -1);
      if (found.labels === null) for (const { tally } of found.all) tally.requests++;
      found.labels ??= new Map();
      found.labels.set(row, said);
      count(found.all, id, row, said, 1);
    },
    begin(next) {
      if (next?.id !== step?.id) {
        remembered.clear();
        [rowsHeld, tallies] = [0, []];
      }
      step = next;
    },
    forgetStep() {
      tallies = tallies.filter((one) => one.step !== step?.step || one.share !== step.share);
    },
    counts: () => tallies.filter(({ labelled }) => labelled > 0).map((one) => ({ ...one })),
  };
}

/** Adds, or takes back, what a label says of each version that answered the row. */
function count(all: readonly Answered[], id: string, row: number, said: string, by: 1 | -1): void {
  const wrongs = all.map(({ contract: { task, classes }, answers }) => {
    const answer = answers[row];
    return answer == null ? null : isWrong(task, answer, task === "regression" ? Number(said) : (classes ?? []).indexOf(said), id, row);
  });
  all.forEach(({ tally }, i) => {
    const [wrong, champions] = [wrongs[i], tally.variant === "shadow" ? wrongs[0] : undefined];
    if (wrong == null) return;
    tally.labelled += by;
    if (wrong) tally.wrong += by;
    if (champions == null) return;
    if (wrong && !champions) tally.worse += by;
    if (!wrong && champions) tally.better += by;
  });
}

import { describe, expect, test } from "vitest";
import { answerLabelNoise } from "../../policy/label-noise-gate.ts";
import type { EvaluationFacts, HoldoutEvaluation, LabelNoise } from "../../schemas/evaluation.ts";
import { predictions, source } from "../../schemas/source.ts";

const validation = { maxQuarantined: 0.01, rowCountBand: 0.5, maxDrift: null };
const fed = { validation, minRows: 200, sources: { served: source.parse(predictions()) } };
const noise = (share: number, error = 0.01): LabelNoise => ({ share, error, expected: 0.1, champion: 0.3, candidate: 0.25 });
const facts = (labelNoise: LabelNoise | null | undefined, changes: Partial<EvaluationFacts> = {}, rows = 4_000): EvaluationFacts => ({
  task: "binary", champion: { v: 3, model: { sha256: "0".repeat(64), bytes: 1 }, trainedOnHoldout: false },
  holdouts: [{ holdout: "recent", rows, ...(labelNoise === undefined ? {} : { labelNoise }) } as HoldoutEvaluation], ...changes,
}) as EvaluationFacts;
const answer = (...given: Parameters<typeof facts>) => answerLabelNoise(fed, facts(...given))[0]!.answer;

describe("the label noise gate", () => {
  test("says no where more labels are wrong than are borne, by three standard errors", () => {
    expect(answer(noise(0.2))).toBe("no");
    expect(answer(noise(0.0801))).toBe("no");
    expect(answer(noise(0.0799))).toBe("yes");
    expect(answer(noise(0.0801, 0.02))).toBe("yes");
    expect(answer(noise(-0.03))).toBe("yes");
  });

  test("never passes without evidence that is due", () => {
    expect(answer(undefined)).toBe("not-evaluated");
    expect(answer(null)).toBe("not-evaluated");
    expect(answer(noise(0), { holdouts: [] })).toBe("not-evaluated");
    expect(answer(noise(0), {}, 199)).toBe("not-evaluated");
    expect(answer(noise(0, 0.031)), "too few rows to tell").toBe("not-evaluated");
    expect(answer(noise(0, 0.03))).toBe("yes");
    expect(answer(noise(0.2, 0.031))).toBe("no");
    expect(answer(noise(0), { champion: { ...facts(null).champion!, trainedOnHoldout: true } })).toBe("not-evaluated");
  });

  test("does not apply where there is no champion, or no class", () => {
    expect(answer(noise(0.2), { champion: null })).toBe("not-applicable");
    expect(answer(noise(0.2), { task: "regression" })).toBe("not-applicable");
  });

  test("is asked where labels come from feedback, or where the definition says how much it bears", () => {
    const asked = (maxLabelNoise: number | null | undefined, sources: typeof fed.sources | object) => answerLabelNoise({ ...fed, sources: sources as typeof fed.sources, validation: { ...validation, ...(maxLabelNoise === undefined ? {} : { maxLabelNoise }) } }, facts(noise(0.2)));
    expect(asked(undefined, {})).toEqual([]);
    expect(asked(null, fed.sources)).toEqual([]);
    expect(asked(0.3, fed.sources)).toMatchObject([{ answer: "yes", limit: 0.3 }]);
    expect(asked(0.1, {})).toMatchObject([{ answer: "no", limit: 0.1, observed: 0.2 }]);
  });

  test("says what it saw, and what to do", () => {
    expect(answerLabelNoise(fed, facts(noise(0.2)))).toEqual([{
      gate: "label noise", answer: "no", observed: 0.2, limit: 0.05,
      reason: "the champion errs on 30.0 % of the holdout and the candidate on 25.0 %, where the champion's scores expect 10.0 %: as if 20.0 % (standard error 1.0 %) of the labels were wrong; that is more than validation.maxLabelNoise, 5.0 %: find out who sends wrong labels",
    }]);
  });
});

import { expect, test } from "vitest";
import { labelCheck } from "../../policy/label-check.ts";
import type { GuardEvidence } from "../../schemas/rollout-evidence.ts";

const found = (rest: Partial<GuardEvidence>): GuardEvidence => ({ metric: "wrong_rate", limit: 0.2, implied: true, observed: 0.21, holds: true, logE: -2, samples: 400, ...rest });
const answer = (rest: Partial<GuardEvidence>, labels?: number) => labelCheck(found(rest), labels === undefined ? {} : { labels }, "0.21 over 400").answer;
const none = { observed: null, limit: null, holds: null, logE: 0, samples: 0 };
const worse = { observed: 0.4, holds: false, logE: 9 };

test.each<[string, string, Partial<GuardEvidence>, number?]>([
  ["without labels it does not apply", "not-applicable", none], ["where nobody waits for them, either", "not-applicable", none, 0],
  ["a few say nothing", "not-applicable", { ...worse, samples: 49 }], ["the definition's fewest are waited for", "not-evaluated", { samples: 299 }, 300], ["also none", "not-evaluated", none, 300],
  ["no worse is a yes", "yes", {}], ["no worse is a yes with the fewest", "yes", { samples: 300 }, 300],
  ["worse goes back", "no", worse], ["worse goes back before the fewest are there", "no", { ...worse, samples: 60 }, 300],
  ["what may be chance holds", "not-evaluated", { ...worse, logE: 2 }],
])("%s: %s", (_, expected, rest, labels) => expect(answer(rest, labels)).toBe(expected));

test("it says whose rate the limit is", () => {
  expect(labelCheck(found(worse), {}, "0.4 over 400").reason).toBe("0.4 over 400: it is above 0.2, the champion's");
  expect(labelCheck(found(none), {}, "").reason).toBe("no labelled predictions, and labels are not waited for");
});

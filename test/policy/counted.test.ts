import { describe, expect, it } from "vitest";
import { count, counted } from "../../policy/counted.ts";
import { duplicateFindings, emptyColumnFindings, overlapFindings } from "../../policy/data-findings.ts";
import { labelCheck } from "../../policy/label-check.ts";
import { rowCountFindings } from "../../policy/row-count-band.ts";

describe("a counted noun", () => {
  it.each([[0, "0 rows"], [1, "1 row"], [2_000, "2,000 rows"]])("of %d is %s", (value, text) => expect(counted(value, "row")).toBe(text));
  it("takes the plural that is given", () => expect([1, 2].map((value) => counted(value, "row gets", "rows get"))).toEqual(["1 row gets", "2 rows get"]));
  it("has its thousands apart", () => expect(count(24_000)).toBe("24,000"));
});

describe("what is said of one row", () => {
  const history = ["01", "02", "03"].map((day) => ({ name: `2013-01-${day}`, rows: 24_000 }));
  const label = { metric: "wrong_rate" as const, limit: 0.2, implied: true, observed: 0.4, holds: null, logE: 0, samples: 1 };

  it.each([
    ["its partition is too small", rowCountFindings(history, [{ name: "2013-01-04", rows: 1 }], 0.5)[0]?.message, /^partition 2013-01-04 has 1 row where 24,000 are typical/],
    ["it is another's duplicate", duplicateFindings([{ name: "a", rows: 99, duplicates: 1 }], ["id"])[0]?.message, /^1 new row \(1\.0 %\) dropped for having the key \(id\) of another$/],
    ["its key is in the holdout, too", overlapFindings({ shared: 1, holdout: 10, usual: null })[0]?.message, /^1 key of the holdout is in the training window too/],
    ["a column of it is empty", emptyColumnFindings([{ column: "temp", rows: 1, nulls: 1 }])[0]?.message, /^column temp is null in every new row \(1\)/],
    ["it is the only one that has a label", labelCheck(label, {}, "").reason, /^1 labelled prediction, and/],
  ])("agrees with one where %s", (_, text, pattern) => expect(text).toMatch(pattern));
});

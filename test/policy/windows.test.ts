import { describe, expect, it } from "vitest";
import { closeWindows, shortHistory } from "../../policy/windows.ts";
import { type Definition, type DefinitionInput, definition } from "../../schemas/definition.ts";

const define = (windows: DefinitionInput["windows"], rest: Partial<DefinitionInput> = {}): Definition =>
  definition.parse({
    name: "flights", timezone: "America/New_York", sources: { flights: { format: "parquet", uri: "/data", time: "at" } }, columns: { x: { type: "number" } },
    label: { column: "late", task: "binary", arrives: "PT12H" }, windows, trainer: { command: ["true"] }, gates: [{ kind: "atLeast", metric: "auc", value: 0.5 }], ...rest,
  });

describe("the windows of a run", () => {
  it("end at the last day whose labels have all arrived, with the holdout last", () => {
    const windows = closeWindows(define({ train: "all", atLeast: "P1M", holdout: "P7D" }), "2013-03-01T08:00:00Z", "2013-01-01T05:00:00Z");
    expect(windows).toEqual({
      train: { from: "2013-01-01T05:00:00Z", to: "2013-02-21T05:00:00Z" },
      holdout: { from: "2013-02-21T05:00:00Z", to: "2013-02-28T05:00:00Z" },
    });
  });

  it("train on the span right before the holdout when one is named", () => {
    const { train } = closeWindows(define({ train: "P30D", holdout: "P7D" }), "2013-03-01T08:00:00Z", null);
    expect(train).toEqual({ from: "2013-01-22T05:00:00Z", to: "2013-02-21T05:00:00Z" });
  });

  it("keep to the calendar over a clock change", () => {
    const { holdout } = closeWindows(define({ holdout: "P7D" }), "2013-03-15T20:00:00Z", "2013-01-01T05:00:00Z");
    expect(holdout).toEqual({ from: "2013-03-08T05:00:00Z", to: "2013-03-15T04:00:00Z" });
  });

  it("are whole hours where a window is given in hours", () => {
    const { holdout } = closeWindows(define({ train: "PT24H", holdout: "PT2H" }, { label: { column: "late", task: "binary" } }), "2013-03-01T08:20:00Z", null);
    expect(holdout).toEqual({ from: "2013-03-01T06:00:00Z", to: "2013-03-01T08:00:00Z" });
  });

  it("say that history is short rather than train on less", () => {
    const wanted = define({ train: "all", atLeast: "P1M", holdout: "P7D" });
    expect(shortHistory(wanted, closeWindows(wanted, "2013-03-01T08:00:00Z", "2013-01-01T05:00:00Z"))).toBeNull();
    expect(shortHistory(wanted, closeWindows(wanted, "2013-03-01T08:00:00Z", "2013-02-10T05:00:00Z"))).toContain("the data begins at 2013-02-10");
  });
});

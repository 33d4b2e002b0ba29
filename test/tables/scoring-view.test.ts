import { describe, expect, it } from "vitest";
import { column, type ColumnInput } from "../../schemas/column.ts";
import { keptColumns, type ScoringFile, scoringView } from "../../tables/scoring-view.ts";

const feature = (name: string, given: ColumnInput) => ({ name, column: column.parse(given) });
const features = [feature("distance", { type: "number", nullable: true }), feature("carrier", { type: "category" }), feature("stops", { type: "integer" })];
const file = (columns: Record<string, string>, text = false): ScoringFile => ({ name: "s3://landing/a.parquet", from: "rows", text, columns: Object.entries(columns).map(([name, type]) => ({ name, type })) });
const whole = { id: "VARCHAR", distance: "DOUBLE", carrier: "VARCHAR", stops: "BIGINT" };

describe("the rows of a file to score", () => {
  it.each([
    [{ id: "VARCHAR", distance: "DOUBLE", Carrier: "VARCHAR" }, /a\.parquet has no column carrier, stops, which the model needs; it has id, distance, Carrier/],
    [{ ...whole, distance: "VARCHAR" }, /the column distance is VARCHAR, which cannot be read as number/],
    [{ ...whole, carrier: "DOUBLE[]" }, /the column carrier is DOUBLE\[\]/],
    [{ ...whole, __ROW: "BIGINT" }, /has a column __ROW, a name that Relearn gives itself/],
  ])("are refused as a whole where the columns %o do not fit", (columns, says) => {
    expect(() => scoringView(file(columns), features, [])).toThrow(says);
  });

  it("are checked for what a model cannot be given, and for nothing else", () => {
    const checks = (text: boolean) => scoringView(file(whole, text), features, ["id"]).checks.map(({ column: name, rule }) => `${name} ${rule}`);
    expect(checks(false)).toEqual(["distance finite", "carrier null", "stops null"]);
    expect(checks(true)).toEqual(["distance type", "distance finite", "carrier null", "stops type", "stops null"]);
  });

  it("keep what is no feature, or what is asked for, unless a prediction has its name", () => {
    const keep = (columns: Record<string, string>, asked: Parameters<typeof keptColumns>[2]) => keptColumns(file(columns), features, asked, ["label", "score_0", "model_version"]);
    expect(keep(whole, "extras")).toEqual(["id"]);
    expect(keep(whole, "all")).toEqual(["id", "distance", "carrier", "stops"]);
    expect(keep(whole, ["stops", "id"])).toEqual(["id", "stops"]);
    expect(keep({ ...whole, label: "VARCHAR" }, [])).toEqual([]);
    expect(() => keep({ ...whole, Label: "VARCHAR" }, "extras")).toThrow(/a column Label, which is the name of a prediction/);
    expect(() => keep(whole, ["name"])).toThrow(/no column name to keep/);
  });
});

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { labelsFrom } from "../../schemas/source.ts";
import { csvText, writeParquet, writeText } from "../tables/landing-files.ts";
import { asOf, defineFor, describeLabels, type LabelsStage } from "./labels-conformance.ts";
import { openPredictionsStage, type Said } from "./predictions-stage.ts";

const rowOf = ({ id, label, received, at, source }: Said) => ({ prediction_id: id, outcome: label, decided_at: at ?? received, decided_by: source ?? null });
const columns = { label: "outcome", time: "decided_at", source: "decided_by" } as const;

async function openFeedback(): Promise<LabelsStage> {
  const stage = await openPredictionsStage();
  return { ...stage, labels: { from: "feedback" }, say: stage.said };
}

async function openFiles(format: "csv" | "parquet"): Promise<LabelsStage> {
  const stage = await openPredictionsStage();
  const path = (name: string) => stage.at(`labels/${name}.${format}`);
  const write = {
    csv: (name: string, rows: readonly ReturnType<typeof rowOf>[]) => writeText(path(name), csvText(rows)),
    parquet: (name: string, rows: readonly ReturnType<typeof rowOf>[]) =>
      writeParquet(path(name), `select prediction_id, outcome::double as outcome, decided_at::timestamptz as decided_at, decided_by from (values ${rows.map((row) => `('${row.prediction_id}', '${row.outcome}', '${row.decided_at}', ${row.decided_by === null ? "null::varchar" : `'${row.decided_by}'`})`).join(", ")}) r(prediction_id, outcome, decided_at, decided_by)`),
  };
  return { ...stage, labels: labelsFrom.parse({ from: "files", format, uri: stage.at("labels/"), ...columns }), say: async (name, labels) => void (await write[format](name, labels.map(rowOf))) };
}

describeLabels("feedback", openFeedback);
describeLabels("CSV files", () => openFiles("csv"), 1);
describeLabels("Parquet files", () => openFiles("parquet"), 1);

describe("files of labels", () => {
  let stage: LabelsStage;
  beforeEach(async () => {
    stage = await openFiles("csv");
    await stage.asked("a", [{ id: "p1", at: "2013-01-02T09:00:00Z" }, { id: "p2", at: "2013-01-04T09:00:00Z" }]);
  });
  afterEach(() => stage.close());
  const said = (id: string, received: string): Said => ({ id, label: "1", received });
  const daily = () => ({ ...stage, labels: labelsFrom.parse({ ...stage.labels, uri: stage.at("labels/{yyyy}-{MM}-{dd}.csv") }) });

  test("hold a run until each that must tell of its rows is there", async () => {
    for (const day of ["2013-01-02", "2013-01-03", "2013-01-04", "2013-01-05"]) await stage.say(day, [said("p1", `${day}T10:00:00Z`)]);
    expect(await stage.ingest(defineFor(daily()), asOf)).toEqual({ status: "held", reasons: [expect.stringMatching(/labels\/2013-01-06\.csv \(source served\) is missing/)] });
    await stage.say("2013-01-06", [said("p2", "2013-01-06T08:00:00Z")]);
    expect(await stage.ingest(defineFor(daily()), asOf)).toMatchObject({ status: "ready", rows: 2 });
  });

  test("may tell the day alone on which a label was known", async () => {
    await stage.say("a", [said("p1", "2013-01-02"), said("p2", "2013-01-03")]);
    const { notes, partitions } = await stage.dataset(defineFor(stage), asOf);
    expect(partitions.filter(({ rows }) => rows > 0).map(({ name }) => name), "a label of the day before is of something else").toEqual(["2013-01-02"]);
    expect(notes).toEqual(expect.arrayContaining(["source served: of 2 answered rows 0 came without consent and 1 had no label within P2D"]));
  });

  test.each([
    ["without the column of labels", "prediction_id,decided_at,decided_by\np1,2013-01-02,me\n", /odd\.csv has no column outcome, by which the definition reads labels; it has prediction_id, decided_at, decided_by/],
    ["with a time that cannot be read", "prediction_id,outcome,decided_at,decided_by\np1,1,soon,me\n", /odd\.csv has 1 of 1 label without a decided_at that can be read, which says when they became known: correct the file/],
  ])("are refused %s", async (_, text, message) => {
    await writeText(stage.at("labels/odd.csv"), text);
    await expect(stage.ingest(defineFor(stage), asOf)).rejects.toMatchObject({ type: "DataRefused", message: expect.stringMatching(message) });
  });

  test("hold a run where there are none at all", async () => {
    expect(await stage.ingest(defineFor(stage), asOf)).toEqual({ status: "held", reasons: [expect.stringMatching(/no csv file lies at .*labels\/ \(source served\)/)] });
  });
});

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LabelsFrom, predictions } from "../../schemas/source.ts";
import { daysFrom } from "./ingest-stage.ts";
import { type Asked, type PredictionsStage, type Said } from "./predictions-stage.ts";

/** A model that has been asked things, and a place where its labels come from. */
export interface LabelsStage extends PredictionsStage {
  readonly labels: LabelsFrom;
  /** Brings labels there, together; each is known when it came true. */
  say(name: string, labels: readonly Said[]): Promise<void>;
}

/** Windows that end on 5 January, for labels may come for two days: what is younger has labels still to come. */
export const asOf = "2013-01-07T03:00:00Z";
/** Four predictions a day, of which the odd ones come true an hour later. */
const all: readonly Asked[] = daysFrom(1, 6).flatMap((day) => [0, 1, 2, 3].map((i) => ({ id: `${day}-${i}`, at: `${day}T0${6 + i}:30:00Z`, kind: i % 2 === 0 ? "bus" : "tram", length: i })));
const truth: readonly Said[] = all.map(({ id, at, length }) => ({ id, label: String(length! % 2), received: new Date(Date.parse(at) + 3_600_000).toISOString() }));
const mature = all.slice(0, 16);

export const defineFor = ({ define, labels }: LabelsStage, more: { readonly unlabelled?: number } = {}) =>
  define({ sources: { served: predictions({ labels, ...more }) }, label: { column: "late", task: "binary", arrives: "P2D" }, columns: { kind: { type: "category" }, length: { type: "number", nullable: true }, label_source: { type: "category", nullable: true, feature: false } } });

type Row = { readonly prediction_id: string; readonly late: string; readonly label_source: string | null };

/** What holds of labels wherever they come from. */
export function describeLabels(kind: string, open: () => Promise<LabelsStage>, runs = 3): void {
  describe(`labels from ${kind}`, () => {
    let stage: LabelsStage;
    beforeEach(async () => {
      stage = await open();
      await stage.asked("a", all);
    });
    afterEach(() => stage.close());

    const rows = async (definition = defineFor(stage), at = asOf): Promise<Row[]> => {
      const { partitions } = await stage.dataset(definition, at);
      return (await Promise.all(partitions.map(({ blob }) => stage.rows(blob)))).flat().map((row) => row as unknown as Row).sort((a, b) => (a.prediction_id < b.prediction_id ? -1 : 1));
    };
    const labelOf = async (id: string) => (await rows()).find(({ prediction_id }) => prediction_id === id)?.late;

    test("stand beside the rows that they are of, in the windows whose labels are all known", async () => {
      await stage.say("a", truth);
      expect((await rows()).map(({ prediction_id, late }) => [prediction_id, late])).toEqual(mature.map(({ id, length }) => [id, String(length! % 2)]));
    });

    test("that are missing are no negatives: the row is left out, or counts as what silence means once it is mature", async () => {
      const [first, ...others] = truth;
      await stage.say("a", others);
      expect((await rows()).map(({ prediction_id }) => prediction_id)).toEqual(mature.slice(1).map(({ id }) => id));
      const clicks = await rows(defineFor(stage, { unlabelled: 0 }));
      expect(clicks.map(({ prediction_id }) => prediction_id)).toEqual(mature.map(({ id }) => id));
      expect(clicks[0]).toMatchObject({ prediction_id: first!.id, late: "0" });
    });

    test("that come too late change nothing, in whatever run", async () => {
      await stage.say("a", truth);
      const before = await stage.dataset(defineFor(stage), asOf);
      await stage.say("b", [{ id: "2013-01-02-0", label: "1", received: "2013-01-05T00:00:00Z" }]);
      const after = await stage.dataset(defineFor(stage), asOf);
      expect(after.partitions).toEqual(before.partitions);
      expect(after.notes).toEqual(expect.arrayContaining([expect.stringMatching(/of 1 a label came after P2D and is not used/)]));
    });

    test("that are corrected in time hold as corrected", async () => {
      await stage.say("a", truth);
      expect(await labelOf("2013-01-02-0")).toBe("0");
      await stage.say("b", [{ id: "2013-01-02-0", label: "1", received: "2013-01-03T00:00:00Z" }]);
      expect(await labelOf("2013-01-02-0")).toBe("1");
    });

    test("bring the name of who said them", async () => {
      await stage.say("a", truth.map((one, i) => ({ ...one, source: i === 0 ? "shop" : "bank" })));
      expect((await rows()).slice(0, 2).map(({ label_source }) => label_source)).toEqual(["shop", "bank"]);
    });

    test("are read once: a day more reads one day", async () => {
      await stage.say("a", truth);
      const first = await stage.ingest(defineFor(stage), asOf);
      expect(first).toMatchObject({ status: "ready", filesRead: 4 });
      expect(await stage.ingest(defineFor(stage), asOf)).toEqual({ ...first, filesRead: 0 });
      expect(await stage.ingest(defineFor(stage), "2013-01-08T03:00:00Z")).toMatchObject({ filesRead: 1, partitions: 4 });
    });

    test("give the same rows in any order, said twice, at once or in turn", async () => {
      await stage.say("a", truth);
      const { partitions } = await stage.dataset(defineFor(stage), asOf);
      await fc.assert(fc.asyncProperty(fc.shuffledSubarray([...truth, ...truth], { minLength: truth.length * 2 }), fc.integer({ min: 1, max: 40 }), async (labels, cut) => {
        const other = await open();
        try {
          await other.asked("a", all);
          await other.say("x", labels.slice(0, cut));
          await other.say("y", labels.slice(cut));
          expect((await other.dataset(defineFor(other), asOf)).partitions).toEqual(partitions);
        } finally {
          await other.close();
        }
      }), { numRuns: runs });
    });
  });
}

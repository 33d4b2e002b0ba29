import { expect, test } from "vitest";
import pipeline from "../../examples/flights/pipeline.ts";
import { readAs } from "../../schemas/boundary.ts";
import { definition } from "../../schemas/definition.ts";

test("the flights pipeline is a valid definition, its label no feature", () => {
  const read = readAs(definition, pipeline, "examples/flights/pipeline.ts");
  expect([read.name, Object.keys(read.sources), Object.keys(read.columns).includes(read.label.column)]).toEqual(["flights", ["flights", "weather"], false]);
});

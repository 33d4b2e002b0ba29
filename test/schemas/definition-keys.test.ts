import { describe, expect, test } from "vitest";
import { definition } from "../../schemas/definition.ts";
import { allKeys, definitionSchema, editorKey, exampleOf } from "../support/definition-keys.ts";

describe("every key of a definition", () => {
  test.each(allKeys().map(({ path, node }) => [path, node] as const))("says what it is: %s", (_, { description = "", examples = [] }) => {
    expect(description, "add .meta(about(...)) in schemas/").toMatch(/^\S.{5,159}$/);
    expect(description, "a default stands in the schema, not in words").not.toMatch(/default/i);
    expect(examples, "an example, of one value").toHaveLength(1);
  });

  test("stands beside $schema, which editors may need in JSON", () => {
    expect(editorKey).toMatchObject({ type: "string", examples: ["definition.schema.json"] });
  });

  test("has an example that is valid, alone and with all others", () => {
    const every = exampleOf(definitionSchema) as Record<string, object>;
    const sources = { ...every["sources"], flights: { format: "csv", uri: "landing/", time: "at" } };
    const all = { ...every, sources, columns: { ...every["columns"], carrier: { type: "category" } } }; // the examples are no features
    expect(definition.safeParse(all).error?.issues ?? []).toEqual([]);
    for (const { name, node } of allKeys().filter(({ path }) => !path.includes("."))) expect(definition.safeParse({ ...all, [name]: node.examples![0] }).error?.issues ?? [], name).toEqual([]);
  });
});

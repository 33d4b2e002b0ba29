import { resolve } from "node:path";
import { expect, test } from "vitest";
import { jsonSchema, publishedSchemas } from "../../schemas/json-schemas.ts";

test.each(publishedSchemas)("the JSON Schema of %s in the repository is the one that the code says (else: npx vitest run test/schemas -u)", async (name) => {
  const path = resolve(import.meta.dirname, `../../schemas/json/${name}.schema.json`);
  await expect(`${JSON.stringify(jsonSchema(name), null, 2)}\n`).toMatchFileSnapshot(path);
});

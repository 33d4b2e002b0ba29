import { jsonSchema } from "../../schemas/json-schemas.ts";
import { canonicalBytes, sha256Hex } from "../../stores/canonical.ts";
import type { Cli } from "../support/cli.ts";
import { loadDefinition } from "../support/definition.ts";

/** Reads and checks a definition as `run` would, and says what it is. */
export async function check(cli: Cli, file: string): Promise<void> {
  const read = await loadDefinition(file);
  const sha256 = sha256Hex(canonicalBytes(read));
  const features = Object.values(read.columns).filter((column) => column.feature).length;
  cli.give({ name: read.name, sha256, definition: read }, [
    `${read.name} is a valid definition (${sha256.slice(0, 12)})`,
    `  sources  ${Object.keys(read.sources).join(", ")}`,
    `  columns  ${Object.keys(read.columns).length}, ${features} of them features; label ${read.label.column} (${read.label.task})`,
    `  gates    ${read.gates.map((gate) => gate.kind).join(", ")}`,
  ].join("\n"));
  cli.say(cli.style.dim(`next: relearn run ${file}`));
}

/** JSON Schema of what an author writes. Always JSON: it is for editors. */
export async function schema(cli: Cli): Promise<void> {
  const document = jsonSchema("definition");
  cli.give(document, JSON.stringify(document, null, 2));
}

import type { DefinitionInput } from "../../schemas/definition.ts";

interface DefinitionCase {
  readonly name: string;
  /** What is written into the definition, valid or not. */
  readonly changes: Readonly<Partial<Record<keyof DefinitionInput | "gatez", unknown>>>;
  /** What the refusal must name, beside the file. */
  readonly says: RegExp;
}

export const definitionCases: readonly DefinitionCase[] = [
  { name: "a wrong type", changes: { windows: { holdout: 3 } }, says: /pipeline\.json:\d+: windows\.holdout: .*string.*found 3/ },
  { name: "an unknown key", changes: { gatez: [] }, says: /pipeline\.json:\d+: .*"gatez"/ },
  { name: "SQL that does not parse", changes: { rules: { "far is far": "far >> (" } }, says: /rule "far is far": syntax error/ },
  { name: "a rule that reads a file", changes: { rules: { "no passwords": "far > (select count(*) from read_csv('/etc/passwd'))" } }, says: /rule "no passwords": it must not use a sub-query/ },
  { name: "a prepare that reads a file", changes: { prepare: "select * from read_text('/etc/passwd')" }, says: /prepare: it must not read from read_text/ },
];

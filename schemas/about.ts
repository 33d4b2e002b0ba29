/** What a key is, its unit included, and a value of it: for editors, docs/definition.md and error messages. Defaults stand in the schema itself. */
export const about = (description: string, example: unknown) => ({ description, examples: [example] });

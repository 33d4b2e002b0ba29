/** An SQL string literal. */
export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** An SQL identifier, whatever it is made of. */
export const id = (name: string): string => `"${name.replaceAll('"', '""')}"`;

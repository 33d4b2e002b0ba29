/** Which server and namespace a line is for; an empty or no address is the one that Temporal's CLI looks for by itself. */
export interface TemporalTarget {
  readonly address: string | null;
  readonly namespace: string;
}

type Flags = Readonly<Record<string, string | number | boolean | object | null | undefined>>;

/**
 * The line that does the same with Temporal's own CLI, ready to paste into a POSIX shell.
 * @param flags by name without dashes: an object is given as JSON, `true` as a bare flag, null and undefined not at all.
 */
export function temporalLine(target: TemporalTarget, words: readonly string[], flags: Flags): string {
  const given = Object.entries({ ...flags, ...connection(target) }).flatMap(([name, value]) => flag(name, value));
  return ["temporal", ...words, ...given].map(shellQuote).join(" ");
}

const defaults = ["", "127.0.0.1:7233", "localhost:7233"];

function connection({ address, namespace }: TemporalTarget): Flags {
  return { address: address === null || defaults.includes(address) ? null : address, namespace: namespace === "default" ? null : namespace };
}

function flag(name: string, value: Flags[string]): string[] {
  if (value === null || value === undefined || value === false) return [];
  if (value === true) return [`--${name}`];
  return [`--${name}`, typeof value === "object" ? JSON.stringify(value) : String(value)];
}

/** One word for a POSIX shell. */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

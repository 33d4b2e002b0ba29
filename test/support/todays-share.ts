/**
 * One of so many parts, another each day (UTC): for cases that take long and are many. All of them among the long figures, which say how long they may take.
 */
export function todaysShare<T>(all: readonly T[], parts: number): readonly T[] {
  const part = Math.floor(Date.now() / 86_400_000) % parts;
  return process.env["RELEARN_LONG_MINUTES"] === undefined ? all.filter((_, i) => i % parts === part) : all;
}

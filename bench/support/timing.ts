/** Milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Runs figure and limit in turn, `rounds` times, after one round of each that is not counted; both see the same machine. */
export async function paired(rounds: number, figure: (round: number) => Promise<number>, limit: (round: number) => Promise<number>): Promise<{ readonly figure: number[]; readonly limit: number[] }> {
  const taken = { figure: [] as number[], limit: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const pair = { figure: await figure(round), limit: await limit(round) };
    if (round === 0) continue;
    taken.figure.push(pair.figure);
    taken.limit.push(pair.limit);
  }
  return taken;
}

/** Decides which of all waiting operations goes on next, by the seed alone: one thread of events, any interleaving. */
export interface Scheduler {
  /** Waits for its turn. */
  turn(): Promise<void>;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Virtual milliseconds; every turn takes some. */
  now(): number;
  /** Runs until nothing waits. False when `maxTurns` were not enough. */
  run(maxTurns: number): Promise<boolean>;
}

export function createScheduler(random: () => number): Scheduler {
  const waiting: (() => void)[] = [];
  let clock = Date.parse("2013-03-01T00:00:00Z");
  const settled = () => new Promise<void>((done) => void setImmediate(done));
  return {
    turn: () => new Promise((go) => void waiting.push(go)),
    chance: (probability) => random() < probability,
    pick: (items) => items[Math.floor(random() * items.length)]!,
    now: () => clock,
    async run(maxTurns) {
      await settled();
      for (let turns = 0; waiting.length > 0; turns++) {
        if (turns === maxTurns) return false;
        const [go] = waiting.splice(Math.floor(random() * waiting.length), 1);
        clock += Math.floor(random() * 1_000);
        go!();
        await settled();
      }
      return true;
    },
  };
}

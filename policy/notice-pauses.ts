const [second, minute, hour] = [1_000, 60_000, 3_600_000];

/** Waits between the tries at a receiver: Standard Webhooks 1.0, "Deliverability and reliability". Three days in all. */
const pauses = [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour];

/** Milliseconds until the next try. @param tries how many there were, 1 at least. Null: it is given up. */
export const pauseAfter = (tries: number): number | null => pauses[tries - 1] ?? null;

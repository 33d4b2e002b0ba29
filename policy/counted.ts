/** `2,000`: a whole number for people. */
export const count = (value: number): string => value.toLocaleString("en-US");

/** `1 time`, `2,000 times`: a noun whose plural takes an s, or the one that is given. */
export const counted = (value: number, noun: string, plural = `${noun}s`): string => `${count(value)} ${value === 1 ? noun : plural}`;

/** A sequence whose next item can be looked at before it is taken. One taker at a time. */
export interface Peekable<T> extends AsyncIterator<T> {
  /** Null at the end. */
  peek(): Promise<T | null>;
}

export function peekable<T>(source: AsyncIterator<T>): Peekable<T> {
  let held: IteratorResult<T> | null = null;
  const look = async (): Promise<IteratorResult<T>> => (held ??= await source.next());
  return {
    peek: async () => {
      const { value, done } = await look();
      return done === true ? null : value;
    },
    next: async () => {
      const found = await look();
      if (found.done !== true) held = null;
      return found;
    },
  };
}

/** The items up to the first for which `isOver` holds, which stays. */
export const until = <T>(items: Peekable<T>, isOver: (item: T) => boolean): AsyncIterator<T> => ({
  next: async () => {
    const item = await items.peek();
    return item === null || isOver(item) ? { value: undefined, done: true } : items.next();
  },
});

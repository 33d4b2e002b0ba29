/** What one request's body holds of the memory that all bodies of a server have together. */
export interface BodyShare {
  /** Asks for so many bytes more. @returns whether there is room for them. */
  grow(bytes: number): boolean;
  /** Gives back what it no longer holds. */
  shrink(bytes: number): void;
}

/** What every request may hold unasked: callers of a few rows are never refused because others send much. */
const unasked = 2 ** 16;

/** Bounds what large bodies may hold at a time: a few hundred callers who each stay within their own limit would fill the memory together. */
export function bodyShares(most: number): () => BodyShare {
  let used = 0;
  const counted = (bytes: number): number => Math.max(0, bytes - unasked);
  return () => {
    let held = 0;
    return {
      grow(bytes) {
        const more = counted(held + bytes) - counted(held);
        if (used + more > most) return false;
        [used, held] = [used + more, held + bytes];
        return true;
      },
      shrink(bytes) {
        const kept = Math.max(0, held - bytes);
        [used, held] = [used - (counted(held) - counted(kept)), kept];
      },
    };
  };
}

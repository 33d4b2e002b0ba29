import { isRetryable, type RelearnError } from "../../schemas/failures.ts";

/** What the store refuses is an answer, not an error; what may go well another time is thrown, to be tried again. */
export async function refusable<T>(work: () => Promise<T>): Promise<T | { readonly status: "refused"; readonly reason: string }> {
  try {
    return await work();
  } catch (error) {
    if (isRetryable(error)) throw error;
    return { status: "refused", reason: (error as RelearnError).message };
  }
}

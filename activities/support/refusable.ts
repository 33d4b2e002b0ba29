import { failureTypeOf, failureTypes, type RelearnError } from "../../schemas/failures.ts";

/** What the store refuses is an answer, not an error; what may go well another time is thrown, to be tried again. */
export async function refusable<T>(work: () => Promise<T>): Promise<T | { readonly status: "refused"; readonly reason: string }> {
  try {
    return await work();
  } catch (error) {
    const type = failureTypeOf(error);
    if (type === null || failureTypes[type].retryable) throw error;
    return { status: "refused", reason: (error as RelearnError).message };
  }
}

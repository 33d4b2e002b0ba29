import { RelearnError } from "../../schemas/failures.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { TemporalConnection } from "../../workers/connect.ts";

export type TemporalAccess = Pick<TemporalConnection, "client" | "connection">;

const callMs = 15_000;

/** Connects, works, disconnects. @throws RelearnError `TemporalUnavailable` within 5 s when nobody answers. */
export async function withTemporal<T>(settings: Settings, work: (access: TemporalAccess) => Promise<T>): Promise<T> {
  const { connectTemporal } = await import("../../workers/connect.ts");
  const { client, connection, close } = await connectTemporal(settings);
  try {
    return await work({ client, connection });
  } finally {
    await close();
  }
}

/** Gives one call to a workflow a deadline. @param asked what was asked, for the one who reads the error */
export async function inTime<T>({ connection }: TemporalAccess, asked: string, call: () => Promise<T>, ms: number = callMs): Promise<T> {
  try {
    return await connection.withDeadline(Date.now() + ms, call);
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    throw new RelearnError("TemporalUnavailable", `${asked} was not answered within ${ms / 1000} s: is a worker running? \`relearn up\` starts one`, { cause: error });
  }
}

/** gRPC: 1 is cancelled, 4 is deadline exceeded. */
function isUnanswered(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return code === 4 || code === 1 || (cause !== undefined && isUnanswered(cause));
}

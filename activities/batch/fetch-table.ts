import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BatchPlan } from "../../schemas/batch.ts";
import { failureTypeOf, RelearnError } from "../../schemas/failures.ts";
import { hashFile } from "../../stores/blobs.ts";
import type { Landing } from "../../stores/landing.ts";
import { quote } from "../../tables/quote.ts";
import { readLanding } from "../../tables/read-landing.ts";
import type { WorkPlace } from "../support/work-folder.ts";

/** One input file on this machine, as the model's process reads it. */
export interface FetchedTable {
  readonly uri: string;
  readonly sha256: string;
  /** A folder of its own, gone once its predictions are stored. */
  readonly folder: string;
  readonly path: string;
  readonly text: boolean;
  /** Where its predictions and its skipped rows go. */
  readonly output: string;
  readonly quarantine: string;
}

/**
 * Fetches a plan's file; one of text is read to its end in the sandbox and becomes a Parquet file of the same text.
 * @throws RelearnError `DataHeld` when it is not the file that was planned; `DataRefused` when it is half-written or broken.
 */
export async function fetchTable({ request, files }: BatchPlan, n: number, { landing, folder, sandbox, signal }: WorkPlace & { readonly landing: Landing; readonly signal: AbortSignal }): Promise<FetchedTable> {
  const file = files[n]!;
  const own = join(folder, String(n));
  await mkdir(own, { recursive: true });
  const fetched = join(own, "landing");
  await landing.fetch({ ...file, span: null, success: false }, fetched, signal).catch((error: unknown) => rethrow(error, file.uri));
  const { sha256 } = await hashFile(fetched, signal);
  const text = request.format !== "parquet";
  const path = text ? join(own, "rows.parquet") : fetched;
  if ((await stat(fetched)).size === 0) throw halfWritten(`${file.uri} is empty (0 bytes)`);
  if (text) {
    await sandbox.inLane(async (lane) => {
      const source = { format: request.format, delimiter: request.delimiter, time: null };
      const read = await readLanding(lane, { name: file.uri, path: fetched, gzip: file.uri.endsWith(".gz") }, source, signal);
      if (read.status === "half-written") throw new RelearnError("DataRefused", read.reason);
      await lane.run(file.uri, `copy landing to ${quote(path)} (format parquet)`);
    });
  }
  return { uri: file.uri, sha256, folder: own, path, text, output: join(own, "output.parquet"), quarantine: join(own, "quarantine.parquet") };
}

const halfWritten = (what: string): RelearnError => new RelearnError("DataRefused", `${what}: it looks half-written; land it whole`);

function rethrow(error: unknown, uri: string): never {
  if (failureTypeOf(error) !== "DataHeld") throw error;
  throw new RelearnError("DataHeld", `${uri} is not the file any more that this batch was planned with, and scoring it now could count rows twice: start a new batch, with another --id and folder`, { cause: error });
}

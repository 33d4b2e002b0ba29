import type { LandedSource } from "../../schemas/source.ts";
import type { Window } from "../../schemas/time.ts";
import type { LandingFile, LandingListing } from "../../stores/landing.ts";

export interface Need {
  readonly name: string;
  readonly source: LandedSource;
  readonly asOf: string;
  /** Every file whose span overlaps this must be there, and whole. */
  readonly window: Window;
  /** Start of the lookback: files from here on are read, and must be there unless the source begins later. */
  readonly from: string;
}

export interface Needed {
  readonly files: readonly LandingFile[];
  /** Why the run must wait: files that are missing or not finished. */
  readonly reasons: readonly string[];
}

/** What a listing lacks for a run. Pure. */
export function neededFiles(need: Need, { files, missing }: LandingListing): Needed {
  const { name, source, window } = need;
  const begun = files[0]?.span?.from;
  const lacking = missing.filter(({ span }) => span.to > window.from || (begun !== undefined && begun < span.from));
  const reasons = missingFiles(name, lacking.map(({ uri }) => uri));
  if (files.length === 0 && missing.length === 0) reasons.push(`no ${source.format} file lies at ${source.uri} (source ${name})`);
  const open = files.map((file) => unfinished(need, file));
  return { files: files.filter((_, i) => open[i] === null), reasons: [...reasons, ...open.filter((reason) => reason !== null)] };
}

/** A few are named; of many, how many, the first and the last: then it is rather the run's time that is wrong. */
function missingFiles(name: string, uris: readonly string[]): string[] {
  if (uris.length <= 3) return uris.map((uri) => `${uri} (source ${name}) is missing`);
  return [`${uris.length} files of source ${name} are missing, from ${uris[0]} to ${uris.at(-1)}: land them, or run as of an earlier time (--as-of)`];
}

function unfinished({ source, asOf }: Need, { uri, span, success }: LandingFile): string | null {
  if (source.success) return success ? null : `${uri} is not finished: neither ${uri}_SUCCESS nor a _SUCCESS in its folder lies there`;
  return span === null || Date.parse(span.to) <= Date.parse(asOf) ? null : `${uri} is not finished: its time runs until ${span.to}, and this run is as of ${asOf}`;
}

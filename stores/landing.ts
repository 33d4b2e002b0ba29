import { matchTemplate, expandTemplate, templateUnit } from "../schemas/calendar.ts";
import { RelearnError } from "../schemas/failures.ts";
import type { FileFormat } from "../schemas/source.ts";
import type { Window } from "../schemas/time.ts";
import { bucketPlace } from "./landing-bucket.ts";
import { folderPlace } from "./landing-folder.ts";
import type { ObjectStore } from "./object-store.ts";
import { isS3Uri } from "./s3-uri.ts";

/** One landing file as it lies there now. */
export interface LandingFile {
  readonly uri: string;
  readonly bytes: number;
  /** Changes whenever the file does: S3's ETag, or a folder file's size and times. */
  readonly etag: string;
  /** The calendar span its name stands for (UTC instants); null without a time template. */
  readonly span: Window | null;
  /** `<file>_SUCCESS`, or `_SUCCESS` in its folder, lies beside it. */
  readonly success: boolean;
}

export interface LandingListing {
  /** By URI, which for a time template is by time. */
  readonly files: readonly LandingFile[];
  /** Files that the template names for the window and that are not there. */
  readonly missing: readonly { readonly uri: string; readonly span: Window }[];
}

export interface Landing {
  /** The folder, with its slash, that each file's URI begins with. */
  readonly root: string;
  /** Files for spans that overlap the window, and those that should be there. A source without a template gives every file. */
  list(window: Window, signal?: AbortSignal): Promise<LandingListing>;
  /**
   * Copies a listed file to a local path, whole or not at all.
   * @throws RelearnError `DataHeld` when it has changed or gone since it was listed.
   */
  fetch(file: LandingFile, toPath: string, signal?: AbortSignal): Promise<void>;
  /** Start of the earliest span that has a file; null when there is none, or when names tell no time. */
  earliest(signal?: AbortSignal): Promise<string | null>;
}

export interface LandingOptions {
  readonly timezone: string;
  readonly openBucket: (bucket: string) => ObjectStore;
  /** Folder that a relative path starts from. */
  readonly base: string;
}

/** A larger file is taken for a mistake. */
const maxBytes = 256 * 2 ** 30;
const maxFiles = 500_000;

const endings: Record<FileFormat, RegExp> = {
  parquet: /\.(parquet|pq)$/i,
  csv: /\.(csv|tsv|txt)(\.gz)?$/i,
  jsonl: /\.(jsonl|ndjson|json)(\.gz)?$/i,
};

/** @throws RelearnError `InvalidInput` for an address that leaves its folder, or cannot be read as one. */
export function openLanding(source: { readonly uri: string; readonly format: FileFormat }, { timezone, openBucket, base }: LandingOptions): Landing {
  const { folder, pattern } = splitUri(source.uri);
  const place = isS3Uri(source.uri) ? bucketPlace(folder, openBucket) : folderPlace(folder, base, pattern.split("{", 1)[0]);
  const template = templateUnit(pattern) === null ? null : pattern;

  const all = async (signal?: AbortSignal): Promise<Map<string, LandingFile>> => {
    const found = new Map<string, { bytes: number; etag: string }>();
    for await (const { name, bytes, etag } of place.list(signal)) {
      if (found.size >= maxFiles) throw new RelearnError("InvalidInput", `more than ${maxFiles} files lie below ${source.uri}; name a narrower place`);
      found.set(name, { bytes, etag });
    }
    const names = [...found.keys()].filter((name) => isData(name, pattern, template, source.format)).sort();
    return new Map(names.flatMap((name) => {
      const match = template === null ? null : matchTemplate(template, name, timezone);
      if (template !== null && match === null) return [];
      const span = match === null ? null : { from: match.from, to: match.to };
      return [[name, { uri: place.root + name, ...checkSize(place.root + name, found.get(name)!), span, success: hasSuccess(found, name) }]];
    }));
  };

  return {
    root: place.root,
    list: async (window, signal) => {
      const found = await all(signal);
      if (template === null) return { files: [...found.values()], missing: [] };
      // On the day the clock goes back one name stands for two hours, and is one file.
      const expected = [...new Map(expandTemplate(template, window, timezone).toReversed().map((one) => [one.path, one])).values()].toReversed();
      return {
        files: expected.flatMap(({ path }) => found.get(path) ?? []),
        missing: expected.filter(({ path }) => !found.has(path)).map(({ path, from, to }) => ({ uri: place.root + path, span: { from, to } })),
      };
    },
    fetch: async (file, toPath, signal) => {
      const got = await place.fetch(file.uri.slice(place.root.length), toPath, signal);
      if (got === null) throw new RelearnError("DataHeld", `${file.uri} was listed and is gone; it is read once it is back`);
      if (got.etag !== file.etag) throw new RelearnError("DataHeld", `${file.uri} changed while it was fetched; it is read once it keeps still`);
    },
    earliest: async (signal) => {
      const starts = [...(await all(signal)).values()].flatMap(({ span }) => (span === null ? [] : [span.from]));
      return starts.length === 0 ? null : starts.reduce((a, b) => (a < b ? a : b));
    },
  };
}

/** The folder that surely holds every file, and the rest of the address as a pattern (or a prefix) below it. */
function splitUri(uri: string): { folder: string; pattern: string } {
  const fixed = uri.indexOf("{") === -1 ? uri : uri.slice(0, uri.indexOf("{"));
  const cut = fixed.lastIndexOf("/") + 1;
  const pattern = uri.slice(cut);
  if (pattern.split(/[/\\]/).includes("..")) throw new RelearnError("InvalidInput", `"${uri}" has ".." after its fixed part; write the path out`);
  return { folder: uri.slice(0, cut), pattern };
}

function isData(name: string, pattern: string, template: string | null, format: FileFormat): boolean {
  if (template !== null) return true;
  const last = name.slice(name.lastIndexOf("/") + 1);
  return name.startsWith(pattern) && !/^[._]/.test(last) && endings[format].test(last);
}

function hasSuccess(found: ReadonlyMap<string, unknown>, name: string): boolean {
  return found.has(`${name}_SUCCESS`) || found.has(`${name.slice(0, name.lastIndexOf("/") + 1)}_SUCCESS`);
}

function checkSize(uri: string, found: { bytes: number; etag: string }): { bytes: number; etag: string } {
  if (found.bytes <= maxBytes) return found;
  throw new RelearnError("InvalidInput", `${uri} has ${found.bytes} bytes; a landing file may have at most ${maxBytes}`);
}

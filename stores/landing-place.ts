/** Where the files of one source lie, seen as a flat list of names below a root. */
export interface LandingPlace {
  /** What comes before a name in a URI. */
  readonly root: string;
  list(signal?: AbortSignal): AsyncIterable<{ readonly name: string; readonly bytes: number; readonly etag: string }>;
  fetch(name: string, toPath: string, signal?: AbortSignal): Promise<{ readonly etag: string } | null>;
}

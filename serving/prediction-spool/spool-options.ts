export interface SpoolOptions {
  readonly folder: string;
  /** Resolve an append only once it is on the disk. */
  readonly durable: boolean;
  /** Most bytes on the disk, and most in memory while the disk takes none. */
  readonly maxBytes: number;
  readonly bufferBytes: number;
  /** A segment is closed at this size or age, and goes to the bucket then. */
  readonly segmentBytes: number;
  readonly segmentMs: number;
  /** How long records are gathered before they are written together. */
  readonly groupMs: number;
  /** How long an append waits for room before it is refused. */
  readonly waitMs: number;
}

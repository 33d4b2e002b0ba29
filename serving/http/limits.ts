/** What one caller may ask of a server, so that the others go on unhurt. */
export interface Limits {
  /** Bytes of a body, also after decompression. */
  readonly bodyBytes: number;
  /** How much larger a compressed body may become. */
  readonly expansion: number;
  readonly headerBytes: number;
  readonly depth: number;
  readonly elements: number;
  readonly rows: number;
  /** Milliseconds that a prediction may take: the default, and the most that a caller can ask for. */
  readonly timeoutMs: number;
  /** Milliseconds in which the headers, then the whole request must be here. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** Milliseconds that a connection may rest between requests. */
  readonly idleMs: number;
  readonly connections: number;
  /** Milliseconds that closing waits for what is under way. */
  readonly drainMs: number;
}

export const defaultLimits: Limits = Object.freeze({
  bodyBytes: 16 * 2 ** 20, expansion: 100, headerBytes: 16 * 2 ** 10, depth: 16, elements: 2_000_000, rows: 10_000,
  timeoutMs: 10_000, headersMs: 10_000, requestMs: 30_000, idleMs: 65_000, connections: 4096, drainMs: 15_000,
});

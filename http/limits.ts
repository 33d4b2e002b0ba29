/** What one caller may ask of a server, so that the others go on unhurt. */
export interface HttpLimits {
  /** Bytes of a body, also after decompression. */
  readonly bodyBytes: number;
  /** Bytes of all bodies at a time, at least two of the largest; small ones (64 KiB) are taken beyond it. */
  readonly bodiesBytes: number;
  /** How much larger a compressed body may become; 0: none is taken. */
  readonly expansion: number;
  readonly headerBytes: number;
  readonly depth: number;
  readonly elements: number;
  /** Milliseconds in which the headers, then the whole request must be here. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** Milliseconds that a connection may rest between requests. */
  readonly idleMs: number;
  /** Milliseconds without a byte either way after which a request under way counts as given up: longer than any answer takes. */
  readonly stalledMs: number;
  readonly connections: number;
  /** Milliseconds that closing waits for what is under way. */
  readonly drainMs: number;
}

import type { HttpLimits } from "../../http/limits.ts";

/** What one caller may ask of a model's server. */
export interface Limits extends HttpLimits {
  readonly rows: number;
  /** Milliseconds that a prediction may take: the default, and the most that a caller can ask for. */
  readonly timeoutMs: number;
}

export const defaultLimits: Limits = Object.freeze({
  bodyBytes: 16 * 2 ** 20, bodiesBytes: 256 * 2 ** 20, expansion: 100, headerBytes: 16 * 2 ** 10, depth: 16, elements: 2_000_000, rows: 10_000,
  timeoutMs: 10_000, headersMs: 10_000, requestMs: 30_000, idleMs: 65_000, stalledMs: 70_000, connections: 4096, drainMs: 15_000,
});

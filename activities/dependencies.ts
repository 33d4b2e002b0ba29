import type { KeyObject } from "node:crypto";
import type { Launcher } from "../launchers/launcher.ts";
import type { ObjectStore } from "../stores/object-store.ts";

/** The ports that activities act through. `workers/` makes the real ones; tests wrap them. */
export interface Dependencies {
  /** Relearn's own bucket. */
  readonly store: ObjectStore;
  /** Other buckets, for landing files. */
  readonly openBucket: (bucket: string) => ObjectStore;
  readonly launchers: Readonly<Record<string, Launcher>>;
  /** Local scratch space: partitions fetched once are kept here, bounded. */
  readonly scratch: string;
  /** ed25519, signs manifests. */
  readonly signingKey: KeyObject;
  /** UTC instant; the wall clock. */
  readonly now: () => string;
  /** Starts child processes for SQL and models; wrapped in tests. */
  readonly installation: string;
}

import type { KeyObject } from "node:crypto";
import type { WorkflowClient } from "@temporalio/client";
import type { Launcher } from "../launchers/launcher.ts";
import type { NoticeReceiver } from "../schemas/notice-receiver.ts";
import type { PostgresAddress } from "../schemas/postgres-settings.ts";
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
  /** Public keys (SPKI DER in base64) whose signatures count when a model is to be run. */
  readonly trusted: () => Promise<readonly string[]>;
  /** UTC instant; the wall clock. */
  readonly now: () => string;
  readonly workflows: WorkflowClient;
  /** Who is told what happens; left out: nobody. */
  readonly notices?: readonly NoticeReceiver[];
  /** The database that tables of labels lie in; null or left out: none. */
  readonly postgres?: PostgresAddress | null;
  /** How people reach the parts, for the commands and links that a question shows. */
  readonly links: { readonly temporalUi: string | null; readonly temporalAddress: string; readonly namespace: string };
}

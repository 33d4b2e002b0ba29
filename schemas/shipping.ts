import type { SpoolKind } from "./spooled.ts";

/** A complete segment of one model's spool on this machine. */
export interface SpooledSegment { readonly path: string; readonly kind: SpoolKind; readonly model: string }

export interface Shipped {
  readonly path: string;
  /** Requests or labels that are in the bucket now. */
  readonly records: number;
  /** Keys of the objects that hold them. */
  readonly objects: readonly string[];
  /** Frames that the disk had changed; the segment is kept as `<name>.damaged` then. */
  readonly damaged: number;
}

/** What the serving process asks the shipping process for, and what it is told. */
export interface ShipRequest { readonly segments: readonly SpooledSegment[] }
export interface ShipReply {
  readonly shipped: Shipped[];
  readonly failed: { readonly path: string; readonly reason: string }[];
}

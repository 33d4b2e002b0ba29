import type { Definition } from "../../schemas/definition.ts";
import type { PredictionsSource } from "../../schemas/source.ts";
import type { Window } from "../../schemas/time.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Pulse } from "./heartbeat.ts";
import type { LazySandbox } from "./lazy-sandbox.ts";

/** Labels that may say something of a partition's rows. */
export interface LabelFile {
  /** The same labels have the same one: what a partition was made of. */
  readonly id: string;
  /** A local Parquet file below the work folder, in the shape of `labelFileColumns`; fetched once. */
  readonly path: () => Promise<string>;
}

export interface LabelsRequest {
  readonly deps: Dependencies;
  readonly definition: Definition;
  readonly pipeline: string;
  /** Of the source, for messages. */
  readonly name: string;
  readonly source: PredictionsSource;
  readonly model: string;
  /** Of the rows that are to be labelled, all together. */
  readonly over: Window;
  /** All their labels must be known by then. */
  readonly asOf: string;
  readonly sandbox: LazySandbox;
  /** The sandbox's own. */
  readonly folder: string;
  readonly pulse: Pulse;
}

export interface Labels {
  /** Those that may hold for rows of a window, in a stable order. */
  of(window: Window): Promise<readonly LabelFile[]>;
}

import { pathOf } from "./ask.ts";
import { type Connection, jsonOf, send, type Waiting } from "./send.ts";

/** A tensor as a model takes or gives it; -1 stands for any number of rows. */
export interface TensorDescription {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** What a model takes and gives. */
export interface ModelMetadata {
  readonly name: string;
  /** Versions that answer now. */
  readonly versions: readonly number[];
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** SHA-256 of the model file. */
  readonly digest: string;
  readonly task: "binary" | "multiclass" | "regression";
  /** In the order of the scores; null of a regression. */
  readonly classes: readonly string[] | null;
}

export interface VersionOptions extends Waiting {
  /** Of this version instead of the one that serves. */
  readonly version?: number | undefined;
}

interface Described extends Pick<ModelMetadata, "name" | "inputs" | "outputs"> {
  readonly versions: readonly string[];
  readonly parameters: Pick<ModelMetadata, "digest" | "task"> & { readonly classes?: readonly string[] };
}

export async function metadata(connection: Connection, model: string, { version, ...waiting }: VersionOptions): Promise<ModelMetadata> {
  const reply = await send(connection, { path: pathOf("/v2", model, version), ...waiting });
  const { name, versions, inputs, outputs, parameters } = jsonOf(reply, reply.body) as Described;
  return { name, versions: versions.map(Number), inputs, outputs, digest: parameters.digest, task: parameters.task, classes: parameters.classes ?? null };
}

/** Whether the server answers that what the path names is ready; "not yet" is an answer too. */
export async function isReady(connection: Connection, path: string, waiting: Waiting): Promise<boolean> {
  const { status } = await send(connection, { path, answers: [503], ...waiting });
  return status === 200;
}

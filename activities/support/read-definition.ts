import { readJson } from "../../schemas/boundary.ts";
import { type Definition, definition } from "../../schemas/definition.ts";
import type { BlobRef } from "../../schemas/names.ts";
import { getBlob } from "../../stores/blobs.ts";
import type { ObjectStore } from "../../stores/object-store.ts";

/** The stored definition a run was started with. */
export async function readDefinition(store: ObjectStore, ref: BlobRef): Promise<Definition> {
  return readJson(definition, new TextDecoder().decode(await getBlob(store, ref)), `definition ${ref.sha256.slice(0, 12)}`);
}

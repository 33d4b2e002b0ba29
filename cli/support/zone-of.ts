import { readDefinition } from "../../activities/support/read-definition.ts";
import { definitionInForce } from "../../stores/definition-in-force.ts";
import type { ObjectStore } from "../../stores/object-store.ts";

/** The time zone in which a pipeline's days begin, and so a bare date is read; UTC where it never ran. */
export async function zoneOf(store: ObjectStore, pipeline: string): Promise<string> {
  const definition = await definitionInForce(store, pipeline);
  return definition === null ? "UTC" : (await readDefinition(store, definition)).timezone;
}

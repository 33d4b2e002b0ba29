import { readAs } from "../../schemas/boundary.ts";
import { standardBody } from "../../schemas/cloud-event.ts";
import { keyOf, type Read } from "../occurrence.ts";
import { mootOf, readEventData } from "./event-data.ts";

/** A Standard Webhook: its id names the occurrence, the same in every try. @throws RelearnError `InvalidInput` */
export function readStandardWebhook(id: string, body: unknown): Read {
  const { type, timestamp, data } = readAs(standardBody, body, "the body (Standard Webhooks)");
  const said = readEventData(data);
  return {
    occurrences: [{
      key: keyOf(id), pipeline: said.pipeline ?? null, at: timestamp ?? null, moot: mootOf(type, said), proposal: said.relearn_proposal ?? null,
      message: [type, said.message].filter((text) => text).join(": "), evidence: [],
    }],
    notes: [],
  };
}

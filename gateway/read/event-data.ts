import { eventData, type EventData } from "../../schemas/cloud-event.ts";
import { ownEvents } from "../occurrence.ts";

/** What an event's data says to Relearn; data of another form says nothing. */
export function readEventData(data: unknown): EventData {
  const read = eventData.safeParse(data);
  return read.success ? read.data : {};
}

/** Why an event starts nothing. One that Relearn itself has sent out could go round for ever. */
export function mootOf(type: string, { status }: EventData): string | null {
  if (type.startsWith(ownEvents)) return "it is a notice of Relearn's own, which starts nothing";
  return status === "resolved" || type.endsWith(".resolved") ? "it is resolved, which starts nothing" : null;
}

import type { IncomingHttpHeaders } from "node:http";
import { HttpError } from "../../http/error-reply.ts";
import { readAs } from "../../schemas/boundary.ts";
import { cloudEvent } from "../../schemas/cloud-event.ts";
import { keyOf, type Occurrence, type Read } from "../occurrence.ts";
import { mootOf, readEventData } from "./event-data.ts";

const mostEvents = 1_000;
const mediaType = (headers: IncomingHttpHeaders): string => (headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();

/** Whether the event's attributes come as headers, which no signature of the body covers. */
export const isBinary = (headers: IncomingHttpHeaders): boolean => !mediaType(headers).startsWith("application/cloudevents");

/**
 * CloudEvents 1.0 over HTTP: structured, in a batch, or with the attributes in `ce-` headers (binary).
 * @param json parses the body; it may throw.
 * @throws RelearnError `InvalidInput`; HttpError 415 for another encoding than JSON.
 */
export function readCloudEvents(headers: IncomingHttpHeaders, json: () => unknown): Read {
  const type = mediaType(headers);
  if (type === "application/cloudevents+json") return { occurrences: [occurrenceOf(json(), "the event")], notes: [] };
  if (type === "application/cloudevents-batch+json") return { occurrences: batchOf(json()).map((event, i) => occurrenceOf(event, `event ${i} of the batch`)), notes: [] };
  if (isBinary(headers) && !Object.keys(headers).some((header) => header.startsWith("ce-"))) throw new HttpError(415, `Content-Type: an event in the body is sent as application/cloudevents+json, and several as application/cloudevents-batch+json; as ${type || "another type"} its attributes come in ce- headers, and there are none`);
  if (isBinary(headers)) return { occurrences: [occurrenceOf({ ...attributesOf(headers), ...dataOf(type, json) }, "the event (from the ce- headers)")], notes: [] };
  throw new HttpError(415, "Content-Type: of CloudEvents, application/cloudevents+json and application/cloudevents-batch+json are taken");
}

function batchOf(body: unknown): readonly unknown[] {
  if (!Array.isArray(body) || body.length === 0 || body.length > mostEvents) throw new HttpError(400, `a batch is a JSON array of 1 to ${mostEvents} events`);
  return body as readonly unknown[];
}

/** Data that is no JSON says nothing to Relearn, and is not read. */
const dataOf = (type: string, json: () => unknown): { readonly data?: unknown } => (/^application\/([\w.-]+\+)?json$/.test(type) ? { data: json() } : {});

function attributesOf(headers: IncomingHttpHeaders): Record<string, string> {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => /^ce-[a-z0-9]{1,60}$/.test(entry[0]) && typeof entry[1] === "string");
  return Object.fromEntries(given.map(([header, value]) => [header.slice(3), decoded(header, value)]));
}

/** Header values are percent-encoded, and may be quoted (HTTP binding, 3.1.3.2). */
function decoded(header: string, value: string): string {
  const plain = /^"(.*)"$/.exec(value)?.[1]?.replace(/\\(.)/g, "$1") ?? value;
  try {
    return decodeURIComponent(plain);
  } catch {
    throw new HttpError(400, `${header}: is not percent-encoded UTF-8`);
  }
}

function occurrenceOf(value: unknown, what: string): Occurrence {
  const { id, source, type, subject, time, data, pipeline, relearnproposal } = readAs(cloudEvent, value, what);
  const said = readEventData(data);
  return {
    key: keyOf(source, id), pipeline: pipeline ?? said.pipeline ?? null, at: time ?? null, moot: mootOf(type, said),
    proposal: relearnproposal ?? said.relearn_proposal ?? null, message: [type, said.message ?? subject].filter((text) => text).join(": "), evidence: [],
  };
}

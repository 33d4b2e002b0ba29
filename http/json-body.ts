import { isUtf8 } from "node:buffer";
import { RelearnError } from "../schemas/failures.ts";

export interface JsonLimits {
  /** Arrays and objects inside each other. */
  readonly depth: number;
  /** Values in all arrays and objects together. */
  readonly elements: number;
}

/**
 * Parses what came in after it was looked through, so that no text costs more than its length.
 * @throws RelearnError `InvalidInput`: no JSON, too deep, too many elements, a name twice in one object, or a name that reaches for prototypes.
 */
export function parseJson(bytes: Buffer, limits: JsonLimits): unknown {
  if (!isUtf8(bytes)) refuse("the body is not UTF-8");
  const members = scan(bytes, limits);
  const value = parsed(bytes.toString());
  if (typeof value !== "object" || value === null) return value;
  if (membersOf(value) !== members) refuse("the body has a name twice in one object; each name may be there once");
  return value;
}

/** Counts the members of all objects by their colons, before anything is built. */
function scan(bytes: Buffer, limits: JsonLimits): number {
  let [depth, members, commas] = [0, 0, 0];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0x22) i = endOfString(bytes, i);
    else if (byte === 0x3a) members++;
    else if (byte === 0x2c) commas++;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limits.depth) refuse(`the body nests deeper than ${limits.depth} levels`);
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  if (commas >= limits.elements) refuse(`the body has more than ${limits.elements} elements; send less at a time`);
  return members;
}

function refuse(message: string): never {
  throw new RelearnError("InvalidInput", message);
}

function endOfString(bytes: Buffer, from: number): number {
  let at = from + 1;
  while (at < bytes.length && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1;
  return at;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(`the body is not JSON: ${(error as Error).message.slice(0, 120)}`);
  }
}

function membersOf(value: object): number {
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value as unknown[]) if (typeof element === "object" && element !== null) count += membersOf(element);
    return count;
  }
  for (const key in value) {
    if (key === "__proto__") refuse('the body has the name "__proto__", which is not allowed');
    const member = (value as Record<string, unknown>)[key];
    count++;
    if (typeof member !== "object" || member === null) continue;
    if (key === "constructor" && Object.hasOwn(member, "prototype")) refuse('the body has the name "constructor.prototype", which is not allowed');
    count += membersOf(member);
  }
  return count;
}

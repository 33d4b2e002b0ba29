import type { IncomingMessage } from "node:http";
import { gunzip } from "node:zlib";
import { RelearnError } from "../schemas/failures.ts";
import type { BodyShare } from "./body-shares.ts";
import { HttpError } from "./error-reply.ts";
import type { HttpLimits } from "./limits.ts";

const nothing = Buffer.alloc(0);
/** Chunks that are held before they become one: each costs a few hundred bytes beside its own, however little is in it. */
const mostChunks = 256;

/**
 * The whole body, decompressed where it is gzip. Bytes are counted as they come, whatever the headers say.
 * @throws HttpError 413 for too many bytes, 415 for another encoding, 400 for broken compression; RelearnError `Overloaded` where the bodies of others leave
 * no room for it.
 */
export function readBody(request: IncomingMessage, limits: HttpLimits, share: BodyShare): Promise<Buffer> | Buffer {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity" && limits.expansion === 0) throw new HttpError(415, "Content-Encoding: none is taken here");
  if (encoding !== undefined && encoding !== "gzip" && encoding !== "identity") throw new HttpError(415, "Content-Encoding: only gzip is taken");
  if (Number(request.headers["content-length"] ?? 0) > limits.bodyBytes) throw tooLarge(limits);
  const whole = collected(request, limits, share);
  return encoding === "gzip" ? whole.then((bytes) => decompressed(bytes, limits, share)) : whole;
}

function collected(request: IncomingMessage, limits: HttpLimits, share: BodyShare): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const joined: Buffer[] = [];
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (why: Error): void => {
      request.off("data", take);
      joined.length = chunks.length = 0;
      reject(why);
    };
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > limits.bodyBytes) refuse(tooLarge(limits));
      else if (!share.grow(chunk.length)) refuse(tooMany());
      else if (chunks.push(chunk) >= mostChunks) joined.push(Buffer.concat(chunks.splice(0)));
    };
    request.on("data", take);
    request.on("end", () => resolve(wholeOf([...joined, ...chunks])));
    request.on("error", () => reject(new HttpError(400, "the request ended before its body was whole")));
  });
}

const wholeOf = (parts: readonly Buffer[]): Buffer => (parts.length === 0 ? nothing : parts.length === 1 ? parts[0]! : Buffer.concat(parts));

/** A bomb is stopped at the size that its own bytes allow, before it grows to it. */
function decompressed(bytes: Buffer, limits: HttpLimits, share: BodyShare): Promise<Buffer> {
  const most = Math.max(1, Math.min(limits.bodyBytes, bytes.length * limits.expansion));
  if (!share.grow(most)) throw tooMany();
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: most }, (error, whole) => {
      share.shrink(most - (error === null ? whole.length : 0));
      if (error === null) resolve(whole);
      else reject((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? new HttpError(413, `the body is larger than ${most} bytes when decompressed`) : new HttpError(400, "the body is not valid gzip"));
    });
  });
}

const tooMany = (): RelearnError => new RelearnError("Overloaded", "the server is busy with the large bodies of others; try again soon, or send less at a time");
const tooLarge = (limits: HttpLimits): HttpError => new HttpError(413, `the body is larger than ${limits.bodyBytes} bytes; send less at a time`);

import type { IncomingMessage } from "node:http";
import { gunzip } from "node:zlib";
import { HttpError } from "./error-reply.ts";
import type { HttpLimits } from "./limits.ts";

const nothing = Buffer.alloc(0);

/**
 * The whole body, decompressed where it is gzip. Bytes are counted as they come, whatever the headers say.
 * @throws HttpError 413 for too many bytes, 415 for another encoding, 400 for broken compression.
 */
export function readBody(request: IncomingMessage, limits: HttpLimits): Promise<Buffer> | Buffer {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity" && limits.expansion === 0) throw new HttpError(415, "Content-Encoding: none is taken here");
  if (encoding !== undefined && encoding !== "gzip" && encoding !== "identity") throw new HttpError(415, "Content-Encoding: only gzip is taken");
  if (Number(request.headers["content-length"] ?? 0) > limits.bodyBytes) throw tooLarge(limits);
  const whole = collected(request, limits);
  return encoding === "gzip" ? whole.then((bytes) => decompressed(bytes, limits)) : whole;
}

function collected(request: IncomingMessage, limits: HttpLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limits.bodyBytes) {
        chunks.length = 0;
        reject(tooLarge(limits));
      } else chunks.push(chunk);
    });
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : chunks.length === 0 ? nothing : Buffer.concat(chunks)));
    request.on("error", () => reject(new HttpError(400, "the request ended before its body was whole")));
  });
}

/** A bomb is stopped at the size that its own bytes allow, before it grows to it. */
function decompressed(bytes: Buffer, limits: HttpLimits): Promise<Buffer> {
  const most = Math.min(limits.bodyBytes, bytes.length * limits.expansion);
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: Math.max(1, most) }, (error, whole) => {
      if (error === null) resolve(whole);
      else reject((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? new HttpError(413, `the body is larger than ${most} bytes when decompressed`) : new HttpError(400, "the body is not valid gzip"));
    });
  });
}

const tooLarge = (limits: HttpLimits): HttpError => new HttpError(413, `the body is larger than ${limits.bodyBytes} bytes; send less at a time`);

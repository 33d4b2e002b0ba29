import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import { errorBody } from "./error-reply.ts";
import type { HttpLimits } from "./limits.ts";
import { send } from "./send.ts";

const texts: Readonly<Record<string, readonly [status: string, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "the request was not whole in time"],
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "the headers are too large"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["413 Payload Too Large", "the chunk extensions are too large"],
};

/** Answers what Node's parser gives up on in the form of every other error. */
export function answerBrokenRequests(server: Server, { idleMs }: HttpLimits): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => refuse(socket, ...(texts[error.code ?? ""] ?? ["400 Bad Request", "this is no HTTP request that can be read"] as const)));
  server.on("checkExpectation", (request, response) => send(request, response, { status: 417, body: errorBody("Expect: only 100-continue is known") }, { last: false, origin: null, idleMs }));
  server.on("connect", (_, socket) => refuse(socket, "405 Method Not Allowed", "CONNECT is not taken"));
}

function refuse(socket: Duplex, status: string, message: string): void {
  const body = errorBody(message);
  if (!socket.writable) return void socket.destroy();
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`, () => socket.destroy());
}

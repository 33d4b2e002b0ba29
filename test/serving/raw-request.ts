import { connect, type Socket } from "node:net";

export interface RawReply {
  /** 0 where the connection ended without an answer. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends bytes as they are, part by part, over a connection of its own. @param everyMs time between parts. */
export async function rawRequest(url: string, parts: readonly (string | Buffer)[], everyMs = 0): Promise<RawReply> {
  const socket = await connected(url);
  const reply = readReply(socket);
  for (const part of parts) {
    if (socket.destroyed || !socket.writable) break;
    socket.write(part);
    if (everyMs > 0) await Promise.race([new Promise((resolve) => setTimeout(resolve, everyMs)), reply]);
  }
  return reply.finally(() => socket.destroy());
}

export function connected(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.on("error", reject);
  });
}

/** The first answer on a connection: up to its Content-Length, or the end. */
export function readReply(socket: Socket): Promise<RawReply> {
  return new Promise((resolve) => {
    let text = "";
    const done = (): void => resolve(replyOf(text));
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      if (isWhole(text)) done();
    });
    socket.on("close", done).on("error", done);
  });
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  return end > 0 && text.length >= end + 4 + Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
}

function replyOf(text: string): RawReply {
  const end = text.indexOf("\r\n\r\n");
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), head: text.slice(0, Math.max(0, end)), body: end < 0 ? "" : text.slice(end + 4) };
}

/** A request with a body, as text. */
export const postText = (path: string, body: string, headers = ""): string => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;

import { Agent, createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to one request on its way. `cut`: the server does it, the reply never arrives. `drop`: it never reaches the server. */
export type ProxyFault =
  | { readonly kind: "cut" | "drop" | "flip" }
  | { readonly kind: "status"; readonly status: number; readonly code: string }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "truncate" | "stall"; readonly bytes: number };

export interface SeenRequest {
  readonly method: string;
  /** Decoded path and query. */
  readonly path: string;
  /** How many requests of this method came before. */
  readonly nth: number;
}

export interface FaultProxy {
  readonly endpoint: string;
  readonly seen: SeenRequest[];
  /** Decides the fate of each request; replace it at any time. */
  fault: (request: SeenRequest) => ProxyFault | null;
  close(): Promise<void>;
}

/** An HTTP proxy before a real server, on a free loopback port. Headers pass as they are, so signatures stay valid. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  const counts = new Map<string, number>();
  const proxy: { -readonly [K in keyof FaultProxy]: FaultProxy[K] } = { endpoint: "", seen: [], fault: () => null, close: async () => {} };
  const server = createServer((incoming, outgoing) => {
    const method = incoming.method ?? "GET";
    const seen = { method, path: decodeURIComponent(incoming.url ?? "/"), nth: counts.get(method) ?? 0 };
    counts.set(method, seen.nth + 1);
    proxy.seen.push(seen);
    void serve(new URL(target), agent, incoming, outgoing, proxy.fault(seen));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  proxy.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy.close = async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise<void>((done) => void server.close(() => done()));
  };
  return proxy;
}

async function serve(target: URL, agent: Agent, incoming: IncomingMessage, outgoing: ServerResponse, fault: ProxyFault | null): Promise<void> {
  if (fault?.kind === "drop") return void incoming.socket.destroy();
  if (fault?.kind === "status") return refuse(incoming, outgoing, fault.status, fault.code);
  if (fault?.kind === "delay") await new Promise((done) => setTimeout(done, fault.ms).unref());
  const upstream = forward({ host: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers: incoming.headers, agent });
  upstream.on("error", () => incoming.socket.destroy());
  upstream.on("response", (reply) => {
    if (fault?.kind === "cut") return void reply.resume().on("end", () => incoming.socket.destroy());
    outgoing.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
    if (fault === null || fault.kind === "delay") return void reply.pipe(outgoing);
    void damage(reply, outgoing, fault);
  });
  incoming.pipe(upstream);
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, status: number, code: string): void {
  incoming.resume().on("end", () => {
    outgoing.writeHead(status, { "content-type": "application/xml" });
    outgoing.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>made by the fault proxy</Message></Error>`);
  });
}

/** Sends a body that ends early, stops moving, or has one bit flipped in its first byte. */
async function damage(reply: IncomingMessage, outgoing: ServerResponse, fault: ProxyFault): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (fault.kind === "flip") {
    if (body.length > 0) body[0] = (body[0] as number) ^ 1;
    return void outgoing.end(body);
  }
  const { bytes } = fault as { bytes: number };
  outgoing.write(body.subarray(0, bytes), () => {
    if (fault.kind === "truncate") setTimeout(() => outgoing.socket?.destroy(), 20);
  });
}

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { connectS3 } from "../../stores/s3-object-store.ts";

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A store behind which `answer` stands for the server. */
async function storeOver(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const store = connectS3({ bucket: "b", endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, region: "us-east-1", credentials: { accessKeyId: "a", secretAccessKey: "b" }, timeoutMs: 2_000, attempts: 1 });
  open.push(() => (store.close(), server.closeAllConnections(), server.close()));
  return store;
}

test("of a refusal's text no more is read than could name it", async () => {
  let written = 0;
  const store = await storeOver((_, reply) => {
    reply.writeHead(500);
    const more = (): void => {
      while (!reply.destroyed && written < 1 << 28) {
        written += 1 << 16;
        if (!reply.write(Buffer.alloc(1 << 16, "x"))) return void reply.once("drain", more);
      }
    };
    reply.write("<Error><Code>InternalError</Code></Error>");
    more();
  });
  await expect(store.get("k")).rejects.toMatchObject({ type: "StoreUnavailable", message: expect.stringContaining("HTTP 500 InternalError") as string });
  expect(written).toBeLessThan(1 << 26);
});

test("a refusal whose text trickles for ever is told all the same", async () => {
  const store = await storeOver((_, reply) => {
    reply.writeHead(403);
    reply.write("<Error><Code>AccessDenied</Code></Error>");
    const trickle = setInterval(() => reply.write(" "), 100);
    reply.on("close", () => clearInterval(trickle));
  });
  await expect(store.get("k")).rejects.toMatchObject({ type: "StoreRefused", message: expect.stringContaining("AccessDenied") as string });
}, 8_000);

test.each([204, 206])("a %i that nobody asked for is not taken for the object", async (status) => {
  const store = await storeOver((_, reply) => reply.writeHead(status).end(status === 206 ? "half" : undefined));
  await expect(store.get("k")).rejects.toMatchObject({ type: "StoreUnavailable", message: expect.stringContaining(`HTTP ${status}`) as string });
});

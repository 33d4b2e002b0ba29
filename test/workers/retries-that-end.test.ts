import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { Connection } from "@temporalio/client";
import { expect, test } from "vitest";
import { retriesThatEnd } from "../../workers/retries-that-end.ts";

/** A port at which nobody answers. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("a call that waits to be tried again fails when its connection is closed, and ends no process", async () => {
  const connection = Connection.lazy({ address: `127.0.0.1:${await deadPort()}`, interceptors: retriesThatEnd() });
  const failed = connection.workflowService.listNamespaces({}).then(() => null, (error: Error) => error.message);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await connection.close();
  expect(await failed).toMatch(/shut down|CANCELLED|Cancelled/i);
});

import { afterAll, beforeAll, expect, it } from "vitest";
import { openServer, type OpenServer } from "./open-server.ts";
import { sendMutants } from "./send-mutants.ts";

let server: OpenServer;
beforeAll(async () => void (server = await openServer()));
afterAll(() => server.close());

it("5,000 spoilt requests are refused in the protocol's form, and hurt nobody", async () => {
  const kinds = await sendMutants(server, 20_260_301, 5000);
  expect(kinds.size).toBeGreaterThan(30);
  expect(server.reported).toEqual([]);
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

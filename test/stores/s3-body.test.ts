import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { readReply } from "../../stores/s3-body.ts";

async function* trickle(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.from("x");
    await sleep(5);
  }
}

test("a body that trickles without end is given up", async () => {
  await expect(readReply({ Body: Readable.from(trickle()) }, 50)).rejects.toThrow(/only \d+ bytes arrived in \d+ ms/);
});

test("a body that stands still is given up", async () => {
  await expect(readReply({ Body: new Readable({ read: () => undefined }) }, 50)).rejects.toThrow("no data arrived for 50 ms");
});

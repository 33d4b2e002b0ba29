import { describe, expect, it } from "vitest";
import { RelearnError } from "../../schemas/failures.ts";
import { createMemoryBucket, memoryObjectStore } from "../../stores/memory-object-store.ts";
import { objectStoreContract } from "../contracts/object-store.ts";

objectStoreContract("memory", async () => {
  const bucket = createMemoryBucket();
  const losingNextReply = () => {
    let left = 1;
    return bucket.connect({ after: (operation) => { if (operation === "put" && left-- > 0) throw new RelearnError("StoreUnavailable", "the reply was lost"); } });
  };
  return { store: bucket.connect(), losingNextReply, largeBytes: 1 << 20, writers: 50, close: async () => {} };
});

describe("the memory object store's faults", () => {
  it("shows one client a stale list while another sees everything", async () => {
    const bucket = createMemoryBucket();
    const stale = bucket.connect({ listed: (objects) => objects.slice(0, -1) });
    await bucket.connect().put("a", new Uint8Array(1));
    await bucket.connect().put("b", new Uint8Array(1));
    const keys = async (store: typeof stale) => {
      const found: string[] = [];
      for await (const object of store.list("")) found.push(object.key);
      return found;
    };
    expect(await keys(stale)).toEqual(["a"]);
    expect(await keys(bucket.connect())).toEqual(["a", "b"]);
  });

  it("never lets a caller change what is stored through the array it gave or got", async () => {
    const store = memoryObjectStore();
    const body = new Uint8Array([1, 2, 3]);
    await store.put("k", body);
    body[0] = 9;
    ((await store.get("k"))?.body ?? body)[1] = 9;
    expect([...((await store.get("k"))?.body ?? [])]).toEqual([1, 2, 3]);
  });
});

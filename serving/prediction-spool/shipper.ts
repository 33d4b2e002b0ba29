import { basename } from "node:path";
import { childEntry } from "../../schemas/child-entry.ts";
import { type Child, spawnChild } from "../../schemas/child.ts";
import { environmentOf, type Settings } from "../../schemas/settings.ts";
import type { ShipReply, SpooledSegment } from "../../schemas/shipping.ts";

export interface Shipper {
  /** @throws when its process ends or is too slow; nothing is lost then, and the next call starts another. */
  ship(segments: readonly SpooledSegment[]): Promise<ShipReply>;
  close(): Promise<void>;
}

const deadlineMs = 300_000;
const memoryBytes = 2 ** 30;

/** Ships in a process of its own, which is started when there is something to ship and ends with this one. */
export function startShipper(settings: Settings): Shipper {
  let child: Child | null = null;
  const running = async (): Promise<Child> => {
    child ??= spawnChild({ title: "the process that ships predictions", entry: await entryOf(), memoryBytes, env: environmentOf(settings) });
    return child;
  };
  return {
    async ship(segments) {
      try {
        return (await (await running()).request({ segments }, { deadlineMs })) as ShipReply;
      } catch (error) {
        child?.kill();
        child = null;
        throw error;
      }
    },
    close: async () => child?.close(),
  };
}

/** The entry lies in a room that this one may not import: nothing of DuckDB is loaded where requests are served. */
const entryOf = (): Promise<string> => childEntry(new URL(`../../shipping/${basename(new URL(import.meta.url).pathname)}`, import.meta.url).href, "shipper-main");

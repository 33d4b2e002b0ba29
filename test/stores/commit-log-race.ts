import { connectS3 } from "../../stores/s3-object-store.ts";
import { openCommitLog } from "../../stores/commit-log.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { freshBucket } from "../support/s3.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { brokenLinks, registration } from "./log-samples.ts";

export interface Race {
  readonly commits: number;
  /** Puts whose reply never arrived. */
  readonly cut: number;
  readonly problems: readonly string[];
  readonly seconds: number;
}

/**
 * Writers that extend one log through a proxy that does every put and loses some of the replies.
 * A lost entry, a double one, and a writer that is told somebody else won are problems.
 */
export async function raceCommits({ writers, each, share, seed, until = Infinity }: { writers: number; each: number; share: number; seed: number; until?: number }): Promise<Race> {
  const settings = await freshBucket("race");
  const proxy = await startFaultProxy(settings.endpoint as string);
  const random = seededRandom(seed);
  let cut = 0;
  proxy.fault = ({ method, path }) => (method === "PUT" && path.includes("/log/") && random() < share && ++cut > 0 ? { kind: "cut" } : null);
  const open = (endpoint: string) => connectS3({ endpoint, region: settings.region, bucket: settings.bucket, credentials: settings.credentials as { accessKeyId: string; secretAccessKey: string } });
  const from = Date.now();
  const acknowledged: string[] = [];
  const problems: string[] = [];
  const write = async (writer: number): Promise<void> => {
    const store = open(proxy.endpoint);
    const log = openCommitLog(store, "m");
    for (let i = 0; i < each && Date.now() < until; i++) {
      const txn = `writer ${writer} commit ${i}`;
      await log.append(registration(txn)).then(() => acknowledged.push(txn), (error: unknown) => problems.push(`${txn}: ${String(error)}`));
    }
    store.close();
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const direct = open(settings.endpoint as string);
  const found = await brokenLinks(direct, "m");
  direct.close();
  await proxy.close();
  problems.push(...found.problems, ...acknowledged.filter((txn) => !found.txns.includes(txn)).map((txn) => `${txn} was acknowledged and is lost`));
  if (found.txns.length !== acknowledged.length) problems.push(`${found.txns.length} entries for ${acknowledged.length} acknowledged commits`);
  return { commits: acknowledged.length, cut, problems, seconds: (Date.now() - from) / 1_000 };
}

import type { LandingPlace } from "./landing-place.ts";
import type { ObjectStore } from "./object-store.ts";
import { parseS3Uri } from "./s3-uri.ts";

/** @param folder `s3://bucket/` or `s3://bucket/folder/`, with its slash. */
export function bucketPlace(folder: string, openBucket: (bucket: string) => ObjectStore): LandingPlace {
  const { bucket, key } = parseS3Uri(folder);
  const store = openBucket(bucket);
  return {
    root: `s3://${bucket}/${key}`,
    async *list(signal) {
      for await (const found of store.list(key, { signal })) {
        if (!found.key.endsWith("/")) yield { name: found.key.slice(key.length), bytes: found.bytes, etag: found.etag };
      }
    },
    fetch: (name, toPath, signal) => store.download(key + name, toPath, { signal }),
  };
}

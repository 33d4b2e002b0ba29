import { Connection } from "@temporalio/client";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { inject, expect, test } from "vitest";
import { searchAttributes } from "../../schemas/search-attributes.ts";
import { freshBucket } from "../support/s3.ts";

test("every search attribute is registered once the stack answers", async () => {
  const connection = await Connection.connect({ address: inject("temporal").address });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: inject("temporal").namespace });
    expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(searchAttributes.map(({ name }) => name)));
  } finally {
    await connection.close();
  }
});

test("the object store takes a write in a fresh bucket and refuses whoever has no keys", async () => {
  const { endpoint, region, bucket, credentials } = await freshBucket();
  const client = new S3Client({ endpoint: endpoint!, region, forcePathStyle: true, credentials: credentials! as never });
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: "a/b", Body: "hello" }));
  const read = await client.send(new GetObjectCommand({ Bucket: bucket, Key: "a/b" }));
  expect(await read.Body!.transformToString()).toBe("hello");
  const url = `${endpoint}/${bucket}/a/b`;
  expect([(await fetch(url)).status, (await fetch(url, { method: "PUT", body: "x" })).status]).toEqual([403, 403]);
  client.destroy();
});

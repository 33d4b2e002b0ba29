import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { landedSource, type LandedSourceInput } from "../../schemas/source.ts";
import { memoryObjectStore } from "../../stores/memory-object-store.ts";
import { openLanding, type Landing } from "../../stores/landing.ts";

const base = mkdtempSync(join(tmpdir(), "relearn-landing-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let folder = "";
let count = 0;
beforeEach(() => {
  folder = join(base, String(count++));
  mkdirSync(folder, { recursive: true });
});

const quarter = { from: "2013-01-01T05:00:00Z", to: "2013-04-01T04:00:00Z" };
const store = memoryObjectStore("landing");
const open = (uri: string, more: Partial<LandedSourceInput> = {}): Landing =>
  openLanding(landedSource.parse({ format: "parquet", uri, time: "at", ...more }), { timezone: "America/New_York", openBucket: () => store, base });
const write = (name: string, content = "rows"): string => {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe("landing files by time template", () => {
  it("names the months of a window with their spans in the pipeline's zone, and those that are missing", async () => {
    for (const month of ["01", "03", "04"]) await store.put(`flights/2013-${month}.parquet`, new Uint8Array(5));
    await store.put("flights/readme.txt", new Uint8Array(1));
    const { files, missing } = await open("s3://landing/flights/{yyyy}-{MM}.parquet").list(quarter);
    expect(files.map((file) => [file.uri, file.bytes, file.span?.from])).toEqual([
      ["s3://landing/flights/2013-01.parquet", 5, "2013-01-01T05:00:00Z"],
      ["s3://landing/flights/2013-03.parquet", 5, "2013-03-01T05:00:00Z"],
    ]);
    expect(missing).toEqual([{ uri: "s3://landing/flights/2013-02.parquet", span: { from: "2013-02-01T05:00:00Z", to: "2013-03-01T05:00:00Z" } }]);
  });

  it("finds the earliest span that has a file", async () => {
    write("2012/11/30.parquet");
    write("2013/02/01.parquet");
    expect(await open(`${folder}/{yyyy}/{MM}/{dd}.parquet`).earliest()).toBe("2012-11-30T05:00:00Z");
    expect(await open(`${folder}/none/{yyyy}.parquet`).earliest()).toBeNull();
  });

  it("ignores names that are no date", async () => {
    write("2013-13.parquet");
    write("2013-1.parquet");
    write("backup-2013-01.parquet");
    expect(await open(`${folder}/{yyyy}-{MM}.parquet`).earliest()).toBeNull();
  });

  it("sees a success mark beside the file or in its folder", async () => {
    for (const name of ["a/2013-01.parquet", "a/2013-01.parquet_SUCCESS", "a/2013-02.parquet", "b/2013-01.parquet", "b/_SUCCESS"]) write(name);
    const marks = async (uri: string) => (await open(uri).list(quarter)).files.map((file) => file.success);
    expect(await marks(`${folder}/a/{yyyy}-{MM}.parquet`)).toEqual([true, false]);
    expect(await marks(`${folder}/b/{yyyy}-{MM}.parquet`)).toEqual([true]);
  });
});

it("lists a file that stands for the two equal hours of an autumn clock change once", async () => {
  for (const hour of ["00", "01", "02"]) write(`2013-11-03T${hour}.parquet`);
  const { files, missing } = await open(`${folder}/{yyyy}-{MM}-{dd}T{HH}.parquet`).list({ from: "2013-11-03T04:00:00Z", to: "2013-11-03T08:00:00Z" });
  expect(files.map(({ uri, span }) => [uri.slice(-10, -8), span?.from])).toEqual([["00", "2013-11-03T04:00:00Z"], ["01", "2013-11-03T05:00:00Z"], ["02", "2013-11-03T07:00:00Z"]]);
  expect(missing).toEqual([]);
});

describe("landing files by prefix", () => {
  it("takes every file of the format below the prefix, and no marks or hidden files", async () => {
    for (const name of ["in/part-1.csv", "in/deep/part-2.csv.gz", "in/_part-3.csv", "in/.part-4.csv", "in/part-5.parquet", "in/_SUCCESS", "out/part-6.csv"]) write(name);
    const names = async (uri: string) => (await open(uri, { format: "csv" }).list(quarter)).files.map((file) => file.uri.slice(folder.length));
    expect(await names(`${folder}/in/`)).toEqual(["/in/deep/part-2.csv.gz", "/in/part-1.csv"]);
    expect(await names(`${folder}/in/part`)).toEqual(["/in/part-1.csv"]);
    expect(await names(`${folder}/in/part-1.csv`)).toEqual(["/in/part-1.csv"]);
    expect(await names(`${folder}/nowhere/`)).toEqual([]);
  });

  it("reads a relative folder from the base", async () => {
    write("x.parquet");
    expect((await open(`${count - 1}/`).list(quarter)).files).toHaveLength(1);
  });
});

describe("fetching a landing file", () => {
  it("copies it whole", async () => {
    write("x.parquet", "the rows");
    const landing = open(`${folder}/`);
    const [file] = (await landing.list(quarter)).files;
    await landing.fetch(file!, join(base, "copy"));
    expect(readFileSync(join(base, "copy"), "utf8")).toBe("the rows");
  });

  it("sees other bytes of the same size under the same modification time", async () => {
    const path = write("x.parquet", "one");
    const then = new Date("2013-01-01T00:00:00Z");
    utimesSync(path, then, then);
    const landing = open(`${folder}/`);
    const [before] = (await landing.list(quarter)).files;
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(path, "two");
    utimesSync(path, then, then);
    expect((await landing.list(quarter)).files[0]!.etag).not.toBe(before!.etag);
    await expect(landing.fetch(before!, join(base, "copy"))).rejects.toMatchObject({ type: "DataHeld", message: expect.stringContaining("changed") as string });
  });

  it("holds the run when a pipe or a folder took the file's place", async () => {
    const path = write("x.parquet", "rows");
    const landing = open(`${folder}/`);
    const [file] = (await landing.list(quarter)).files;
    rmSync(path);
    execFileSync("mkfifo", [path]);
    await expect(landing.fetch(file!, join(base, "copy"))).rejects.toMatchObject({ type: "DataHeld" });
    rmSync(path);
    mkdirSync(path);
    await expect(landing.fetch(file!, join(base, "copy"))).rejects.toMatchObject({ type: "DataHeld" });
  });

  it("holds the run when the file changed or went since it was listed", async () => {
    const path = write("x.parquet", "before");
    const landing = open(`${folder}/`);
    const [file] = (await landing.list(quarter)).files;
    utimesSync(path, new Date(), new Date(Date.now() + 5_000));
    await expect(landing.fetch(file!, join(base, "copy2"))).rejects.toMatchObject({ type: "DataHeld", message: expect.stringContaining("changed") as string });
    rmSync(path);
    await expect(landing.fetch(file!, join(base, "copy2"))).rejects.toMatchObject({ type: "DataHeld", message: expect.stringContaining("gone") as string });
    await store.put("late/2013-01.parquet", new Uint8Array(1));
    const remote = open("s3://landing/late/{yyyy}-{MM}.parquet");
    const [object] = (await remote.list(quarter)).files;
    await store.put("late/2013-01.parquet", new Uint8Array(2));
    await expect(remote.fetch(object!, join(base, "copy3"))).rejects.toMatchObject({ type: "DataHeld" });
  });
});

describe("a landing address that leads astray", () => {
  it("is refused", () => {
    for (const uri of ["s3://landing/a/../b/", "s3://landing//x/", `${folder}/{yyyy}/../../x.parquet`, "s3://UPPER/x/", "s3:///x"]) {
      expect(() => open(uri), uri).toThrow(expect.objectContaining({ type: "InvalidInput" }) as Error);
    }
  });

  it("is refused when a link in the folder leaves it, and followed when it stays", async () => {
    const outside = mkdtempSync(join(tmpdir(), "relearn-outside-"));
    writeFileSync(join(outside, "secret.parquet"), "secret");
    write("real.parquet");
    symlinkSync("real.parquet", join(folder, "alias.parquet"));
    expect((await open(`${folder}/`).list(quarter)).files).toHaveLength(2);
    symlinkSync(join(outside, "secret.parquet"), join(folder, "leak.parquet"));
    await expect(open(`${folder}/`).list(quarter)).rejects.toMatchObject({ type: "InvalidInput", message: expect.stringContaining("leaves its folder") as string });
    // What lies beside is not looked at: nothing is said of it, and a name that is not there yet finds nothing.
    expect((await open(`${folder}/real`).list(quarter)).files).toHaveLength(1);
    expect((await open(`${folder}/nowhere`).list(quarter)).files).toEqual([]);
    rmSync(outside, { recursive: true });
  });
});

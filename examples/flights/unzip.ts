import { inflateRawSync } from "node:zlib";
import { RelearnError } from "../../schemas/failures.ts";

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;

/**
 * One file out of a zip archive (APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16; stored or deflated, no zip64).
 * @throws RelearnError `Corrupt` when the archive does not hold it
 */
export function unzipOne(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || archive.readUInt32LE(end) !== endOfDirectory) throw new RelearnError("Corrupt", `not a zip archive (no end of directory in ${archive.length} bytes)`);
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0 && archive.readUInt32LE(at) === directoryEntry; left -= 1) {
    const [nameLength, extra, comment] = [archive.readUInt16LE(at + 28), archive.readUInt16LE(at + 30), archive.readUInt16LE(at + 32)];
    if (archive.toString("utf8", at + 46, at + 46 + nameLength) === name) return inflate(archive, at);
    at += 46 + nameLength + extra + comment;
  }
  throw new RelearnError("Corrupt", `the zip archive holds no ${name}`);
}

function inflate(archive: Buffer, entry: number): Buffer {
  const [method, packed, local] = [archive.readUInt16LE(entry + 10), archive.readUInt32LE(entry + 20), archive.readUInt32LE(entry + 42)];
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const bytes = archive.subarray(start, start + packed);
  return method === 0 ? bytes : inflateRawSync(bytes);
}

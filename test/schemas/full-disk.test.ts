import { describe, expect, it } from "vitest";
import { RelearnError } from "../../schemas/failures.ts";
import { namingFullDisk } from "../../schemas/full-disk.ts";

describe("a full disk", () => {
  it.each(["ENOSPC: no space left on device, write", "EFBIG: file too large, write", 'IO Error: Could not write to file "/x": No space left on device'])("is named where the system says %s", (message) => {
    expect(namingFullDisk(new Error(message))).toMatchObject({ type: "DiskFull", message: expect.stringContaining(`${message}; make room`) });
  });

  it("is not seen in a row that says so, nor in what has a name already", () => {
    const row = new Error("Invalid Input Error: CSV Error on Line: 3\nOriginal Line: No space left on device");
    const named = new RelearnError("TrainerFailed", "ENOSPC");
    expect([namingFullDisk(row), namingFullDisk(named)]).toEqual([row, named]);
  });
});

import { describe, expect, it } from "vitest";
import { waitBefore } from "../../client/retry-after.ts";

const now = Date.UTC(2026, 0, 1);

describe("the wait before a request is sent again", () => {
  it.each([
    [429, "1", 0, 1000], [503, "2", 0, 2000], [503, "2", 1, 2500], [429, "0", 0, 100],
    [503, "Thu, 01 Jan 2026 00:00:03 GMT", 0, 3000], [503, "Wed, 31 Dec 2025 23:00:00 GMT", 0, 100],
  ])("of %d with Retry-After %s is what it says", (status, header, chance, ms) => {
    expect(waitBefore(status, header, now, chance)).toBe(ms);
  });

  it.each([[400, "1"], [401, "1"], [404, "1"], [500, "1"], [504, "1"], [200, "1"], [429, null], [503, null], [503, "soon"]])("of %d with Retry-After %s is for ever", (status, header) => {
    expect(waitBefore(status, header, now, 0)).toBeNull();
  });
});

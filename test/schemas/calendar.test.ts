import { expect, test } from "vitest";
import { spansOf } from "../../schemas/calendar.ts";

const hours = (zone: string, from: string, to: string) => spansOf("hour", { from, to }, zone).map(({ name }) => name);

test("hours have names of their own over clock changes of one whole hour, and in zones off by part of an hour", () => {
  expect(hours("Europe/Berlin", "2025-10-25T23:00:00Z", "2025-10-26T03:00:00Z")).toEqual(["2025-10-26T01", "2025-10-26T02", "2025-10-26T02b", "2025-10-26T03"]);
  expect(hours("Europe/Berlin", "2025-03-30T00:00:00Z", "2025-03-30T02:00:00Z")).toEqual(["2025-03-30T01", "2025-03-30T03"]);
  expect(hours("Asia/Kathmandu", "2025-03-30T00:15:00Z", "2025-03-30T02:15:00Z")).toEqual(["2025-03-30T06", "2025-03-30T07"]);
});

test.each([
  ["Australia/Lord_Howe", "2025-04-05T13:00:00Z", "2025-04-05T20:30:00Z"],
  ["Antarctica/Troll", "2025-10-25T23:00:00Z", "2025-10-26T05:00:00Z"],
  ["Pacific/Chatham", "2025-04-05T10:15:00Z", "2025-04-05T20:15:00Z"],
])("hours that cannot be told apart by name are refused: %s", (zone, from, to) => {
  expect(() => hours(zone, from, to)).toThrow(expect.objectContaining({ type: "InvalidDefinition", message: expect.stringContaining(zone) as string }) as Error);
  expect(spansOf("day", { from: "2025-03-01T00:00:00Z", to: "2025-03-02T00:00:00Z" }, zone).length).toBeGreaterThan(0);
});

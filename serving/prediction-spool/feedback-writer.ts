import type { FeedbackRecord } from "../../schemas/feedback.ts";
import { entryHeaderBytes, entryKinds } from "../../stores/spool-frames.ts";
import type { Writer } from "./groups.ts";

/** Writes labels as entries of a frame. They are few and short, so that JSON does. */
export const feedbackWriter: Writer<FeedbackRecord> = {
  header: null,
  bytes: (record) => entryHeaderBytes + 3 * JSON.stringify(record).length,
  write(record, into, at) {
    const length = into.write(JSON.stringify(record), at + entryHeaderBytes, "utf8");
    into[at] = entryKinds.feedback;
    into.writeUInt32LE(length, at + 1);
    return at + entryHeaderBytes + length;
  },
};

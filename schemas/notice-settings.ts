import { readFileSync } from "node:fs";
import { readJson } from "./boundary.ts";
import { RelearnError } from "./failures.ts";
import { type NoticeReceiver, noticeReceivers } from "./notice-receiver.ts";
import { type Environment, reader } from "./settings.ts";

/** File of those who are told what happens; null: nobody. */
export const noticesFile = (env: Environment): string | null => reader(env).path("RELEARN_NOTICES");

/** Those who are told; empty where no file is named. @throws RelearnError `InvalidInput` */
export function loadNoticeReceivers(env: Environment): readonly NoticeReceiver[] {
  const path = noticesFile(env);
  return path === null ? [] : readJson(noticeReceivers, textOf(path), path);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new RelearnError("InvalidInput", `RELEARN_NOTICES: ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

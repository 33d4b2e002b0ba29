import { execFileSync } from "node:child_process";

/** Why a test that needs a disk it can fill is skipped. */
export const noSmallDisk = "no small file system can be mounted here";

/** Lays a file system of its own over a folder. @param size as mount takes it: 200k @returns whether this process may */
export const mountSmallDisk = (folder: string, size: string): boolean => works("mount", ["-t", "tmpfs", "-o", `size=${size}`, "none", folder]);

export const unmountSmallDisk = (folder: string): boolean => works("umount", ["-l", folder]);

/** Whether a program runs and ends well. */
export function works(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

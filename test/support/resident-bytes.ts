import { readFileSync } from "node:fs";

/** Memory that a process holds now; Linux only. */
export const residentBytes = (pid: number): number => Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;

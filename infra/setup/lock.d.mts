export function withLock<T>(path: string, work: () => Promise<T>, onWait?: (pid: number) => void): Promise<T>;
export function startTimeOf(pid: number): string | null;

export function stampOf(root: string, files: readonly string[], facts?: readonly string[]): string;
export function isStamped(stampFile: string, stamp: string): boolean;
export function writeStamp(stampFile: string, stamp: string): void;
export function clearStamp(stampFile: string): void;
export function filesUnder(root: string, folders: readonly string[], extensions: readonly string[]): string[];

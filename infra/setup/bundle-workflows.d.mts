export function bundleInputs(root: string): string[];
export function bundleWorkflows(root: string, target: string, log: (line: string) => void): Promise<boolean>;

export interface SignalCommand {
  readonly workflowId: string;
  readonly name: string;
  readonly input: unknown;
  readonly address: string;
  readonly namespace: string;
}

/** The `temporal` line that sends a signal, quoted for a POSIX shell. */
export function signalCommand({ workflowId, name, input, address, namespace }: SignalCommand): string {
  return `temporal workflow signal ${connectionFlags(address, namespace)}--workflow-id ${shellQuote(workflowId)} --name ${shellQuote(name)} --input ${shellQuote(JSON.stringify(input))}`;
}

/** Flags the CLI needs to reach this server: none for its defaults. Ends with a space where there are any. */
export function connectionFlags(address: string, namespace: string): string {
  const flags = [...(address === "127.0.0.1:7233" || address === "localhost:7233" ? [] : ["--address", shellQuote(address)]), ...(namespace === "default" ? [] : ["--namespace", shellQuote(namespace)])];
  return flags.map((flag) => `${flag} `).join("");
}

/** One word for a POSIX shell. */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A request that got no answer: the message is in the server's own words where it said any. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  /** HTTP status of the reply; null where no whole reply came, or where nothing was sent. */
  readonly status: number | null;

  constructor(status: number | null, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.status = status;
  }
}

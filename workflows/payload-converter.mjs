import { defaultPayloadConverter } from "@temporalio/common";

/**
 * Keeps a workflow alive whatever somebody sends it: a payload that cannot be decoded becomes a value that no handler accepts,
 * where the default converter would fail the workflow task for ever. Loaded by the worker, the client and the workflow bundle.
 */
export const payloadConverter = {
  toPayload: (value, ...context) => defaultPayloadConverter.toPayload(value, ...context),
  fromPayload(payload, ...context) {
    try {
      return defaultPayloadConverter.fromPayload(payload, ...context);
    } catch (error) {
      return { undecodable: true, reason: String(error?.message ?? error).slice(0, 200) };
    }
  },
};

import { type ConnectionOptions, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from "@temporalio/client";

type Interceptor = NonNullable<ConnectionOptions["interceptors"]>[number];
type Call = ReturnType<Interceptor>;
type Status = Parameters<NonNullable<NonNullable<Parameters<Call["start"]>[1]>["onReceiveStatus"]>>[0];

/** gRPC's CANCELLED. */
const cancelled = 1;

/**
 * The SDK's own retries, made safe to close: a call that waits to be tried again when its connection is closed fails as cancelled. By itself the SDK
 * tries it again from a timer, on a channel that refuses by throwing, and nobody can catch what ends the process.
 */
export const retriesThatEnd = (): Interceptor[] => [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), endedWithConnection];

const endedWithConnection: Interceptor = (options, nextCall) => {
  try {
    return nextCall(options) as Call;
  } catch (error) {
    return failedCall((error as Error).message);
  }
};

/** A call that is over before it begins. */
function failedCall(details: string): Call {
  const nothing = (): void => undefined;
  const call = {
    start: (metadata: Status["metadata"], listener?: { readonly onReceiveStatus?: (status: Status) => void }) => listener?.onReceiveStatus?.({ code: cancelled, details, metadata }),
    sendMessage: nothing, sendMessageWithContext: nothing, halfClose: nothing, startRead: nothing, cancelWithStatus: nothing,
    getPeer: () => "unknown", getAuthContext: () => null,
  };
  return call as unknown as Call;
}

/** A client of Relearn's server for Node and browsers, without dependencies: `import { connect } from "relearn/client"`. */
export type { AnsweredBy } from "./answered-by.ts";
export type { AskOptions } from "./ask.ts";
export { ClientError } from "./client-error.ts";
export { type Client, connect, type ConnectOptions, type Model } from "./connect.ts";
export type { FeedbackAnswer, FeedbackItem } from "./feedback.ts";
export type { Inferred, InferOptions, Inputs } from "./infer.ts";
export type { ModelMetadata, TensorDescription, VersionOptions } from "./information.ts";
export type { Answer, Classified, Estimated, Prediction, Row, Value } from "./predict.ts";
export type { Fetch, Waiting } from "./send.ts";
export type { Datatype, Tensor, TensorData } from "./tensor.ts";

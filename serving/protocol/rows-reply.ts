import { bestOf, type Prediction } from "./prediction.ts";
import { replyTexts } from "./reply-texts.ts";

/** `{"predictions": [{"label", "score": {class: p}} or {"value"}], "model_version", ...}`, written by hand: it is on the path of every prediction. */
export function encodeRows({ answer, id, rows }: Prediction): string {
  const { version, digest, classes } = replyTexts(answer.contract);
  let text = '{"predictions":[';
  for (let row = 0; row < rows; row++) text += (row === 0 ? "" : ",") + (classes.length === 0 ? `{"value":${answer.scores[row]!}}` : labelled(answer.scores, row * classes.length, classes));
  return `${text}],"model_version":${version},"digest":${digest},"prediction_id":"${id}","variant":"${answer.variant}"}`;
}

function labelled(scores: Float32Array | Float64Array, from: number, classes: readonly string[]): string {
  let text = `{"label":${classes[bestOf(scores, from, classes.length)]!},"score":{`;
  for (let i = 0; i < classes.length; i++) text += `${i === 0 ? "" : ","}${classes[i]!}:${scores[from + i]!}`;
  return `${text}}}`;
}

/** A message of onnx.proto3: which of its fields are messages themselves, by field number. */
export type MessageName = "Model" | "OperatorSet" | "Graph" | "Node" | "Attribute" | "Tensor" | "SparseTensor" | "Function" | "TrainingInfo" | "ValueInfo" | "Type" | "TensorType" | "Shape" | "Dimension" | "Inner";

/**
 * Everything through which a tensor can be reached, as of onnx 1.20 (github.com/onnx/onnx, onnx/onnx.proto3).
 * A field that is not named here holds no message that can hold a tensor.
 */
export const onnxMessages: Readonly<Record<MessageName, Readonly<Record<number, MessageName>>>> = {
  Model: { 7: "Graph", 8: "OperatorSet", 20: "TrainingInfo", 25: "Function" },
  OperatorSet: {},
  Graph: { 1: "Node", 5: "Tensor", 11: "ValueInfo", 12: "ValueInfo", 15: "SparseTensor" },
  Node: { 5: "Attribute" },
  Attribute: { 5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor" },
  Tensor: {},
  SparseTensor: { 1: "Tensor", 2: "Tensor" },
  Function: { 7: "Node", 9: "OperatorSet", 11: "Attribute" },
  TrainingInfo: { 1: "Graph", 2: "Graph" },
  ValueInfo: { 2: "Type" },
  Type: { 1: "TensorType", 4: "Inner", 5: "Inner", 8: "Inner", 9: "Inner" },
  TensorType: { 2: "Shape" },
  Shape: { 1: "Dimension" },
  Dimension: {},
  Inner: {},
};

/** TensorProto.DataType by number; the names are those of onnxruntime-node where it has one. */
export const elementTypes: Readonly<Record<number, string>> = {
  1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool", 10: "float16", 11: "double", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
};

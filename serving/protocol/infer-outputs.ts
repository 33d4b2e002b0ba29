import type { ModelContract } from "../../inference/contract.ts";
import { asList, asObject } from "./request-parameters.ts";
import { refuse, shown } from "./refuse.ts";

export type OutputName = "label" | "score" | "value";

/** Outputs in the order asked for, each in JSON or as binary data. */
export type WantedOutputs = readonly { readonly name: OutputName; readonly binary: boolean }[];

/** What a model gives. A class's name is BYTES whatever the classes are; a value is FP64, which holds a float32 exactly. */
export function outputsOf({ classes }: ModelContract): readonly { readonly name: OutputName; readonly datatype: string; readonly shape: readonly number[] }[] {
  if (classes === null) return [{ name: "value", datatype: "FP64", shape: [-1, 1] }];
  return [{ name: "label", datatype: "BYTES", shape: [-1] }, { name: "score", datatype: "FP32", shape: [-1, classes.length] }];
}

const all: Readonly<Record<"value" | "label", { readonly json: WantedOutputs; readonly binary: WantedOutputs }>> = {
  value: { json: [{ name: "value", binary: false }], binary: [{ name: "value", binary: true }] },
  label: { json: [{ name: "label", binary: false }, { name: "score", binary: false }], binary: [{ name: "label", binary: true }, { name: "score", binary: true }] },
};

/** All outputs of a model, in the order of its metadata. */
export const allOutputs = ({ classes }: ModelContract, binary: boolean): WantedOutputs => all[classes === null ? "value" : "label"][binary ? "binary" : "json"];

/** Reads `outputs` of a request, and `binary_data_output` of its parameters, which each output's own `binary_data` overrides. @throws RelearnError `InvalidInput`. */
export function readOutputs(outputs: unknown, parameters: unknown, contract: ModelContract): WantedOutputs {
  const binary = parameters === undefined ? false : flag(asObject(parameters, "parameters"), "binary_data_output", false);
  if (outputs === undefined) return allOutputs(contract, binary);
  const wanted = asList(outputs, "outputs").map((output) => readOutput(asObject(output, "an output"), contract, binary));
  if (new Set(wanted.map(({ name }) => name)).size !== wanted.length) refuse("outputs: the same output is there twice");
  return wanted.length === 0 ? allOutputs(contract, binary) : wanted;
}

function readOutput({ name, parameters }: Record<string, unknown>, contract: ModelContract, binary: boolean): WantedOutputs[number] {
  const known = allOutputs(contract, false).find((one) => one.name === name);
  if (known === undefined) return refuse(`there is no output ${shown(name)}; the outputs of ${contract.model} are ${outputsOf(contract).map((one) => one.name).join(", ")}`);
  if (parameters === undefined) return { name: known.name, binary };
  const given = asObject(parameters, `parameters of output ${known.name}`);
  if (Object.hasOwn(given, "classification")) refuse(`output ${known.name}: the classification extension is not offered; score has a value a class`);
  return { name: known.name, binary: flag(given, "binary_data", binary) };
}

function flag(parameters: Record<string, unknown>, name: string, otherwise: boolean): boolean {
  const value = parameters[name];
  return value === undefined ? otherwise : typeof value === "boolean" ? value : refuse(`${name}: expected true or false, found ${shown(value)}`);
}

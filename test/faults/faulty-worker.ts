import { loadSettings } from "../../schemas/settings.ts";
import { connectTemporal, openStores } from "../../workers/connect.ts";
import { openDependencies } from "../../workers/open-dependencies.ts";
import { watchParent } from "../../schemas/parent-watch.ts";
import { startWorkers } from "../../workers/start-workers.ts";
import { withFaults } from "./fault-points.ts";

/** A worker like the real one, whose every side effect is a point at which it may end itself. Arguments: queue, bundle, log, point or "-". */
const [queue = "", bundle = "", log = "", point = "-"] = process.argv.slice(2);
watchParent(process.stdin, () => process.exit(1));
const settings = loadSettings(process.env);
const stores = openStores(settings);
const { client } = await connectTemporal(settings);
const deps = withFaults(await openDependencies(settings, stores, client.workflow, []), { log, dieAt: point === "-" ? null : point });
const workers = await startWorkers(settings, deps, { codePath: bundle }, { queue, stickyQueueScheduleToStartTimeout: "300ms" });
process.once("SIGTERM", workers.shutdown);
await workers.ended;
process.exit(0);

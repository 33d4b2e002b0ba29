import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { ObjectStore } from "../../stores/object-store.ts";
import { timed } from "./timing.ts";

/** Downloads a month of 2013 and joins, sorts and writes it as one Parquet a day, in one statement. @returns milliseconds */
export async function bareDuckDb(landing: ObjectStore, scratch: string, month: number): Promise<number> {
  const file = `2013-${String(month).padStart(2, "0")}.parquet`;
  const folder = join(scratch, "bare");
  await mkdir(folder, { recursive: true });
  const spent = await timed(async () => {
    await Promise.all(["flights", "weather"].map((name) => landing.download(`${name}/${file}`, join(folder, name))));
    await writeDays(folder);
  });
  await rm(folder, { recursive: true, force: true });
  return spent;
}

async function writeDays(folder: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2", memory_limit: "1GB", temp_directory: folder });
  const connection = await instance.connect();
  await connection.run("set TimeZone = 'America/New_York'");
  await connection.run(`
    copy (select f.*, w.temp, w.humid, w.wind_speed, w.precip, w.pressure, w.visib, f.scheduled_at::date as day
          from read_parquet('${folder}/flights') f left join read_parquet('${folder}/weather') w on w.origin = f.origin and w.hour = date_trunc('hour', f.scheduled_at)
          where f.late is not null order by scheduled_at, flight_id)
    to '${folder}/days' (format parquet, compression zstd, partition_by day)`);
  connection.closeSync();
  instance.closeSync();
}

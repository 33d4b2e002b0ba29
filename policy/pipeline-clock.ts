/** A cause this close to the wall clock is of today; one that lies farther back replays the past, where only later causes tell that time has gone on. */
const liveMs = 7 * 24 * 3_600_000;

/** What time it is for a pipeline: its newest cause's, or the wall clock where that is close to it. */
export function pipelineClock(newest: string, wall: string): string {
  const behind = Date.parse(wall) - Date.parse(newest);
  return behind > 0 && behind < liveMs ? wall : newest;
}

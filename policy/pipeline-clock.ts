/** A cause that was heard of this soon is of today; one that lay farther back replays the past, where only later causes tell that time has gone on. */
const liveMs = 7 * 24 * 3_600_000;

/**
 * What time it is for a pipeline: its newest cause's, or the wall clock where that cause was of today when it was heard of. However long it has
 * waited since, it goes on by the wall clock.
 */
export function pipelineClock(newest: string, wall: string, heardAt: string = wall): string {
  const isLive = Date.parse(heardAt) - Date.parse(newest) < liveMs;
  return isLive && Date.parse(wall) > Date.parse(newest) ? wall : newest;
}

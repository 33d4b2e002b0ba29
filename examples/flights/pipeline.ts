import { atLeast, canary, category, definePipeline, integer, latency, noWorseThanChampion, number, parquet, slicesNoWorse } from "relearn";

/** Will this flight land more than 15 minutes late? Asked at its scheduled departure, with the last weather known then. */
export default definePipeline({
  name: "flights",
  timezone: "America/New_York",
  sources: {
    flights: parquet("s3://landing/flights/{yyyy}-{MM}.parquet", { time: "scheduled_at", key: "flight_id" }),
    weather: parquet("s3://landing/weather/{yyyy}-{MM}.parquet", { time: "hour", lookback: "P1D" }),
  },
  // A flight that never landed (cancelled, diverted) has no label; it is left out here, and so at training and evaluation alike.
  prepare: `
    select f.*, w.temp, w.humid, w.wind_speed, w.precip, w.pressure, w.visib
    from flights f left join weather_past w on w.origin = f.origin and w.hour = date_trunc('hour', f.scheduled_at)
    where f.late is not null`,
  columns: {
    carrier: category(),
    origin: category({ values: ["EWR", "JFK", "LGA"] }),
    dest: category(),
    distance: number({ min: 1 }),
    hour: integer({ min: 0, max: 23 }),
    minute: integer({ min: 0, max: 59 }),
    arrival_minute: integer({ min: 0, max: 1440 }),
    day_of_week: integer({ min: 1, max: 7 }),
    temp: number({ nullable: true }),
    humid: number({ nullable: true, min: 0, max: 100 }),
    wind_speed: number({ nullable: true, min: 0 }),
    precip: number({ nullable: true, min: 0 }),
    pressure: number({ nullable: true }),
    visib: number({ nullable: true, min: 0 }),
  },
  rules: { "a flight goes somewhere": "origin <> dest" },
  label: { column: "late", task: "binary", arrives: "PT12H" },
  windows: { train: "all", atLeast: "P1M", holdout: "P7D" },
  trainer: { command: ["python", "-m", "relearn_trainers.lightgbm"], launcher: "local", params: { num_leaves: 63 }, seed: 1 },
  slices: { storm: "precip > 0.1", evening: "hour >= 18" },
  gates: [atLeast("auc", 0.65), noWorseThanChampion("log_loss", { confidence: 0.95 }), slicesNoWorse("auc", 0.03), latency({ p99: "20ms" })],
  approval: { required: 1, within: "P2D" },
  // A fifth of the flights, then half, each for a day of flights at least, beside the champion, which is what its time to answer is held against; then all.
  // Two versions that are as good tell an evening apart by 0.5, and a day is judged before it is over.
  rollout: canary([20, 50], { each: "P1D", samples: 400, rollbackOn: ["error_rate > 0.01", "output_shift > 1"] }),
  // A week's weather is no sample of the year's, and with the weather goes the share of late flights, and with that all metrics but AUC. Barometers fail in storms.
  monitors: {
    every: "P1D", over: "P7D", seasonal: ["hour", "minute", "arrival_minute", "day_of_week", "temp", "humid", "wind_speed", "precip", "pressure", "visib"],
    inputs: { "missing weather": "avg((temp is null)::int)" }, outputs: { "expected late": "avg(score)" },
    thresholds: { "null_share pressure": { above: 0.5 }, log_loss: "off", brier: "off", accuracy: "off", error_rise: "off", output_psi: "off" },
  },
  retrain: { schedule: "0 3 1 * *", cooldown: "P3D", maxPerMonth: 4 },
});

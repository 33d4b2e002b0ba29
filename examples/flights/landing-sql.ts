/**
 * What a flight's row says before it departs, and whether it came to land more than 15 minutes late. Nothing else of what happened
 * later (departure delay, air time) is in it. `hour`, `minute` and `day_of_week` (1 is Monday) are New York's.
 * @param month 1 to 12
 */
export const flightsSql = (month: number): string => `
  select
    carrier || flight || '-' || origin || '-' || strftime(time_hour + to_minutes(minute), '%Y%m%dT%H%M') as flight_id,
    time_hour + to_minutes(minute) as scheduled_at,
    carrier,
    origin,
    dest,
    distance::integer as distance,
    hour::integer as hour,
    minute::integer as minute,
    (sched_arr_time // 100 * 60 + sched_arr_time % 100)::integer as arrival_minute,
    isodow(make_date(year::integer, month::integer, day::integer))::integer as day_of_week,
    arr_delay > 15 as late
  from raw_flights
  where month = ${month}
  order by scheduled_at, flight_id`;

/**
 * One row an airport and hour: temp and dewp in degrees Fahrenheit, humid in percent, winds in mph, precip in inches, pressure in
 * millibars, visib in miles.
 * @param month 1 to 12
 */
export const weatherSql = (month: number): string => `
  select origin, time_hour as hour, temp, dewp, humid, wind_speed, wind_gust, precip, pressure, visib
  from raw_weather
  where month = ${month}
  order by hour, origin`;

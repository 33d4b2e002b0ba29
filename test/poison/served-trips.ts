import { seededRandom } from "../support/seeded-random.ts";

/** A trip as it was, and what came true of it. */
export interface Trip { readonly id: string; readonly day: number; readonly zone: string; readonly rain: number; readonly load: number; readonly wind: number; readonly late: boolean }

export const zones = ["north", "east", "south", "west"] as const;
/** The zone in which a slice's labels are turned round: a quarter of all trips. */
export const slice = zones[0];

/**
 * Trips whose lateness can be told in nine of ten cases, by their features and how two of them go together, other in each zone.
 * @param turned whether the world has changed: a full vehicle, which was rarely late, mostly is
 */
export function tripsOf(seed: number, name: string, { days, perDay, turned = false }: { readonly days: number; readonly perDay: number; readonly turned?: boolean }): Trip[] {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: days * perDay }, (_, i) => {
    const [rain, load, wind, zone] = [normal(), normal(), normal(), Math.floor(random() * zones.length)];
    const odds = 4.5 * rain + (turned ? 3 : -3) * load + 2.5 * rain * wind + [1, -1, 0.5, -0.5][zone]!;
    return { id: `${name}-${i}`, day: Math.floor(i / perDay), zone: zones[zone]!, rain, load, wind, late: random() < 1 / (1 + Math.exp(-odds)) };
  });
}

export const shapes = ["random", "one source", "part of one source", "one slice"] as const;
export type Shape = (typeof shapes)[number];
export interface Labelled { readonly trip: Trip; readonly label: "0" | "1"; readonly source: string }

const senders = ["shop", "bank", "agent", "kiosk"] as const;

/**
 * Says of each trip what came true, with a share of all labels turned round: at random, all by one sender that sends nothing else, all by one of four senders of as many
 * labels, or all in one slice.
 * Which they are depends on the seed.
 */
export function labelled(trips: readonly Trip[], { shape, share }: { readonly shape: Shape; readonly share: number }, seed: number): Labelled[] {
  const random = seededRandom(seed);
  const inSlice = share / (trips.filter(({ zone }) => zone === slice).length / trips.length);
  return trips.map((trip) => {
    const sender = senders[Math.floor(random() * senders.length)]!;
    const chance = shape === "one slice" ? (trip.zone === slice ? inSlice : 0) : shape === "part of one source" ? (sender === senders[0] ? share * senders.length : 0) : share;
    const isTurned = random() < chance;
    return { trip, label: trip.late === isTurned ? "0" : "1", source: isTurned && shape === "one source" ? "rogue" : sender };
  });
}

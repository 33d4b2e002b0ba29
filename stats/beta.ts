/**
 * Logarithm of the gamma function of x > 0: Stirling's series from 8 on, below it by the recurrence; relative error below 1e-13.
 * Source: NIST DLMF 5.11.1.
 */
export function logGamma(x: number): number {
  if (x < 8) return logGamma(x + 1) - Math.log(x);
  const [r, r2] = [1 / x, 1 / (x * x)];
  const series = r * (1 / 12 - r2 * (1 / 360 - r2 * (1 / 1260 - r2 * (1 / 1680 - r2 * (1 / 1188 - r2 * (691 / 360_360 - r2 / 156))))));
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series;
}

/** Logarithm of the beta function, `ln B(a, b)`. */
export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/**
 * Logarithm of the regularised incomplete beta function, `ln I_x(a, b)`: the chance that a Beta(a, b) number is at most x. Also far out in the tail,
 * where the chance itself would be 0. By its continued fraction (DLMF 8.17.22) on the side where that converges. @param x within (0, 1)
 */
export function logBetaBelow(x: number, a: number, b: number): number {
  if (x >= (a + 1) / (a + b + 2)) return log1mExp(tail(1 - x, b, a));
  return tail(x, a, b);
}

/** `ln(1 - I_x(a, b))`. */
export const logBetaAbove = (x: number, a: number, b: number): number => logBetaBelow(1 - x, b, a);

function tail(x: number, a: number, b: number): number {
  return a * Math.log(x) + b * Math.log1p(-x) - Math.log(a) - logBeta(a, b) - Math.log(fraction(x, a, b));
}

/** `ln(1 - e^y)` for y <= 0. */
const log1mExp = (y: number): number => (y > -Math.LN2 ? Math.log(-Math.expm1(y)) : Math.log1p(-Math.exp(y)));

/** The continued fraction `1 + d1 / (1 + d2 / (1 + ...))` by Lentz's method, modified by Thompson and Barnett (1986). */
function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let [f, c, d] = [1, 1, 0];
  for (let i = 1; i <= 5_000; i++) {
    const term = coefficient(i, x, a, b);
    d = 1 / nonZero(1 + term * d, tiny);
    c = nonZero(1 + term / c, tiny);
    f *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return f;
}

function coefficient(i: number, x: number, a: number, b: number): number {
  const m = Math.floor(i / 2);
  if (i % 2 === 0) return (m * (b - m) * x) / ((a + i - 1) * (a + i));
  return (-(a + m) * (a + b + m) * x) / ((a + i - 1) * (a + i));
}

const nonZero = (value: number, tiny: number): number => (Math.abs(value) < tiny ? tiny : value);

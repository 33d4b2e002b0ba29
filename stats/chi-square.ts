import { logGamma } from "./beta.ts";

/**
 * Probability that a chi-square variable of `degrees` freedom exceeds `x`: the regularized upper incomplete gamma function Q(degrees / 2, x / 2).
 * By its series below `a + 1` and by its continued fraction (Lentz) above; relative error below 1e-10. Press et al., Numerical Recipes, 6.2.
 */
export function chiSquareTail(x: number, degrees: number): number {
  const [a, half] = [degrees / 2, x / 2];
  if (!(half > 0)) return 1;
  return half < a + 1 ? 1 - lowerSeries(a, half) : upperFraction(a, half);
}

const precision = 1e-15;
const mostTerms = 10_000;

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < mostTerms && Math.abs(term) > Math.abs(sum) * precision; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * Math.exp(-x + a * Math.log(x) - logGamma(a));
}

function upperFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < mostTerms; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / nonZero(an * d + b, tiny);
    c = nonZero(b + an / c, tiny);
    h *= d * c;
    if (Math.abs(d * c - 1) < precision) break;
  }
  return Math.exp(-x + a * Math.log(x) - logGamma(a)) * h;
}

const nonZero = (x: number, tiny: number): number => (Math.abs(x) < tiny ? tiny : x);

/** 41,237 */
export function count(value: number): string {
  return value.toLocaleString("en-GB", { maximumFractionDigits: 0 });
}

/** At most two decimals: 8.65, 39.1, 12. */
export function decimal(value: number, digits = 2): string {
  return value.toLocaleString("en-GB", { maximumFractionDigits: digits });
}

/** A share as a percentage that never rounds something to nothing or to everything: 0 %, < 0.1 %, 12.3 %, > 99.9 %, 100 %. */
export function percent(share: number): string {
  if (share > 0 && share < 0.001) return "< 0.1 %";
  if (share < 1 && share > 0.999) return "> 99.9 %";
  return `${decimal(100 * share, 1)} %`;
}

/** `123 of 4,567 (2.7 %)`: a percentage always comes with its n and N; without an N there is none. */
export function countOf(n: number, total: number): string {
  return total > 0 ? `${count(n)} of ${count(total)} (${percent(n / total)})` : count(n);
}

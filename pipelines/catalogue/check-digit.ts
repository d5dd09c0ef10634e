/**
 * LOINC's check digit is mod 10: from the right every second digit is doubled, and the digits of the results add up. The letters
 * of answer codes take part with their distance from the character 0.
 */
export function hasCheckDigit(code: string): boolean {
  const [, body, check] = /^((?:LA)?[0-9]+)-([0-9])$/.exec(code) ?? [];
  if (body === undefined) return false;
  const sum = [...body].reverse().reduce((total, character, i) => {
    const value = character.charCodeAt(0) - 48;
    return total + (i % 2 === 0 ? 2 * value - 9 * Math.floor(value / 5) : value);
  }, 0);
  return (10 - (sum % 10)) % 10 === Number(check);
}

import { describe, expect, it } from 'vitest';
import { rawValue } from '../../config/raw.ts';

describe('one conversion for training and serving', () => {
  it.each([
    ['number', '12.5', 12.5],
    ['number', 7n, 7],
    ['number', null, NaN],
    ['number', '', NaN],
    ['number', ' \t', NaN],
    ['number', ' -.5E+3 ', -500],
    ['number', '+7.', 7],
    ['number', 'NaN', NaN],
    ['number', '-Infinity', -Infinity],
    ['number', '1e999', Infinity],
    ['boolean', true, 1],
    ['boolean', 'False', 0],
    ['boolean', null, NaN],
    ['boolean', ' ', NaN],
    ['timestamp', ' ', NaN],
    ['timestamp', '2001-01-02', Date.UTC(2001, 0, 2)],
    ['timestamp', '2001-01-02 03:04:05', Date.UTC(2001, 0, 2, 3, 4, 5)],
    ['timestamp', '2001-01-02T03:04:05+02:00', Date.UTC(2001, 0, 2, 1, 4, 5)],
    ['timestamp', new Date(5), 5],
    ['timestamp', 5n, 5],
    ['string', null, ''],
    ['string', ' as it is ', ' as it is '],
    ['string', 5, '5'],
    ['string', 2 ** 53 - 1, '9007199254740991'],
    ['string', 2n ** 64n - 1n, '18446744073709551615'],
    ['number', 2 ** 64, 18446744073709551616],
  ] as const)('%s of %s is %s', (type, value, expected) => {
    expect(rawValue(type, value, 'age')).toEqual(expected);
  });

  it.each([
    ['number', 'twelve', /age is "twelve"; expected a number/],
    ['number', '0x10', /age is "0x10"; expected a number such as -12.5 or 1e3, blank where it is missing\./],
    ['number', '0b1', /expected a number/],
    ['number', '1_000', /expected a number/],
    ['number', '1,5', /expected a number/],
    ['number', '-', /expected a number/],
    ['number', true, /expected a number/],
    ['boolean', 'yes', /true or false/],
    ['timestamp', '5', /a time \(ISO 8601\) such as 2026-01-31T12:00:00Z/],
    ['timestamp', '03/04/2021', /a time/],
    ['timestamp', '2024-02-30', /a time/],
    ['timestamp', 'tomorrow', /a time \(ISO 8601\)/],
    ['string', { a: 1 }, /expected text/],
    ['string', 2 ** 53, /age is 9007199254740992; expected text in quotes: .* loses digits/],
    ['string', -1e21, /expected text in quotes/],
    ['number', [1], /expected a number/],
  ] as const)('%s of %s is told', (type, value, message) => {
    expect(() => rawValue(type, value, 'age')).toThrow(message);
  });
});

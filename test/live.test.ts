import { expect, test } from 'vitest';
import { derived } from '../src/live.js';

test('what is derived is made again when the settings have been replaced, and only then', () => {
  const settings = { current: { name: 'a' } };
  let made = 0;
  const upper = derived(
    () => settings.current,
    ({ name }) => {
      made += 1;
      return name.toUpperCase();
    },
  );

  expect([upper(), upper(), made]).toEqual(['A', 'A', 1]);
  settings.current = { name: 'b' };
  expect([upper(), upper(), made]).toEqual(['B', 'B', 2]);
});

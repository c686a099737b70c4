import type { IncludeExclude } from '../config/config.js';

/**
 * Whether names are included. In patterns `*` stands for any characters and `?` for one; without `included` all names
 * are, and `excluded` wins.
 */
export function includesName({ included, excluded = [] }: IncludeExclude): (name: string) => boolean {
  const includes = included?.map(matcher);
  const excludes = excluded.map(matcher);
  return (name) =>
    (includes === undefined || includes.some((matches) => matches(name))) &&
    !excludes.some((matches) => matches(name));
}

/** Whether a name matches a pattern. The time grows with the product of their lengths at most. */
export function matcher(pattern: string): (name: string) => boolean {
  return (name) => matches(pattern, name);
}

function matches(pattern: string, name: string): boolean {
  let inPattern = 0;
  let inName = 0;
  /** The last `*`, and where what it stands for ends. It takes one more character when the rest does not match. */
  let star = -1;
  let starEnd = 0;
  while (inName < name.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      star = inPattern;
      starEnd = inName;
      inPattern += 1;
    } else if (wanted === '?' || wanted === name[inName]) {
      inPattern += 1;
      inName += 1;
    } else if (star >= 0) {
      starEnd += 1;
      inPattern = star + 1;
      inName = starEnd;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(inPattern));
}

/** Whether a text is one of those that a pattern describes. It takes linear time, whatever the pattern. */
export type Pattern = (text: string) => boolean;

/** A pattern in which `*` stands for any characters, also for none. */
export function globPattern(glob: string): Pattern {
  const [first = '', ...parts] = glob.split('*');
  const last = parts.pop();
  if (last === undefined) return (text) => text === glob;
  return (text) => {
    if (!text.startsWith(first)) return false;
    let at = first.length;
    for (const part of parts) {
      const found = text.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return text.length - last.length >= at && text.endsWith(last);
  };
}

/** What stands between two slashes of a template: a text, one segment of any kind, one that may be absent, the rest. */
type Segment = { readonly text: string } | 'any' | 'optional' | 'rest';

/**
 * Whether a path is one of those that a route template describes, in the ways that routers write templates: `:id` and
 * `{id}` are one segment, `:id?` and `{id?}` may be absent at the end, `*`, `*path` and `{path*}` are the rest.
 */
export function templatePattern(template: string): Pattern {
  const segments = template.split('/').map(segmentOf);
  return (path) => {
    let at = 0;
    for (const segment of segments) {
      if (at > path.length && segment === 'optional') continue;
      if (at > path.length) return false;
      if (segment === 'rest') return true;
      const slash = path.indexOf('/', at);
      const end = slash === -1 ? path.length : slash;
      const isMatch =
        typeof segment === 'string'
          ? end > at || segment === 'optional'
          : end - at === segment.text.length && path.startsWith(segment.text, at);
      if (!isMatch) return false;
      at = end + 1;
    }
    return at > path.length;
  };
}

function segmentOf(text: string): Segment {
  if (text.startsWith('*') || /^\{.*\*\}$/.test(text)) return 'rest';
  if (!/^[:{]/.test(text)) return { text };
  return /\?\}?$/.test(text) ? 'optional' : 'any';
}

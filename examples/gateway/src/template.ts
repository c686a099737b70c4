/**
 * The path templates of `google.api.http`.
 *
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/http.proto ("Path template syntax")
 */

/** A part of a path that a request fills in, and the field that it goes to. */
export interface Variable {
  /** The names of the fields that lead to it, from the request message on. */
  readonly fieldPath: readonly string[];
  /** Whether it takes one segment exactly. Only then is `%2F` decoded. */
  readonly isSingle: boolean;
}

/** A segment of a path: a fixed text, or a named parameter for one segment or for all that follow. */
export type PathSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'one' | 'rest'; readonly name: string };

export interface Template {
  /** As it stands in the proto. */
  readonly text: string;
  readonly variables: readonly Variable[];
  readonly segments: readonly PathSegment[];
  /** The part after the last `:`, without it. */
  readonly verb: string | undefined;
  /** The routes for Fastify, with parameters that are named after their fields. There are two where `**` may be empty. */
  readonly routes: readonly string[];
  /** What a path must be like, as the client sent it, with a group for each variable. It takes linear time. */
  readonly pattern: RegExp;
  /** The values of the variables, decoded, or `undefined` if the path does not match. The path is as the client sent it. */
  match(path: string): readonly string[] | undefined;
}

/** Where a template is wrong, for the person who wrote it. */
export class TemplateError extends Error {}

type Segment = { readonly kind: 'literal'; readonly text: string } | { readonly kind: '*' | '**' };
interface Part {
  readonly segments: readonly Segment[];
  readonly fieldPath: readonly string[] | undefined;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const LITERAL = /^[\w\-.~!$&'()+,;=@%]+$/;

/** Throws a `TemplateError` for a template that the specification does not allow. */
export function parseTemplate(text: string): Template {
  const fail = (why: string): never => {
    throw new TemplateError(`"${text}": ${why}`);
  };
  if (!text.startsWith('/')) return fail('expected a "/" at its start');
  const { path, verb } = splitVerb(text);
  if (verb !== undefined && !LITERAL.test(verb)) fail('expected a name after the last ":"');
  const parts = splitParts(path, fail).map((part) => parsePart(part, fail));
  const all = parts.flatMap(({ segments }) => segments);
  const wild = all.findIndex(({ kind }) => kind === '**');
  if (wild >= 0 && wild < all.length - 1) fail('expected "**" only at its end');
  const variables = parts.filter((part) => part.fieldPath !== undefined);
  const names = variables.map(({ fieldPath }) => fieldPath?.join('.'));
  if (new Set(names).size < names.length) fail('expected each variable once');

  const pattern = new RegExp(
    `^${parts.map(patternOf).join('')}${verb === undefined ? '' : `:${literal(verb)}`}$`,
  );
  const described = variables.map(
    ({ fieldPath = [], segments }): Variable => ({
      fieldPath,
      isSingle: segments.length === 1 && segments[0]?.kind === '*',
    }),
  );
  const pathSegments = segmentsOf(parts);
  return {
    text,
    variables: described,
    segments: pathSegments,
    verb,
    routes: routesOf(pathSegments, verb),
    pattern,
    match(given) {
      const found = pattern.exec(given);
      if (found === null) return undefined;
      try {
        return described.map(({ isSingle }, i) => decode(found[i + 1] ?? '', isSingle));
      } catch {
        // A broken percent-encoding is no value.
        return undefined;
      }
    },
  };
}

/** The verb follows the last `:` outside braces. */
function splitVerb(text: string): { path: string; verb: string | undefined } {
  const end = text.lastIndexOf('}');
  const colon = text.indexOf(':', end < 0 ? text.lastIndexOf('/') : Math.max(end, text.lastIndexOf('/')));
  return colon < 0
    ? { path: text, verb: undefined }
    : { path: text.slice(0, colon), verb: text.slice(colon + 1) };
}

/** The parts between the slashes outside braces. */
function splitParts(path: string, fail: (why: string) => never): string[] {
  const parts: string[] = [];
  let part = '';
  let isInside = false;
  for (const character of path.slice(1)) {
    if (character === '{' && isInside) fail('expected no variable inside a variable');
    if (character === '{') isInside = true;
    if (character === '}') {
      if (!isInside) fail('expected a "{" before "}"');
      isInside = false;
    }
    if (character === '/' && !isInside) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  if (isInside) fail('expected a "}" after "{"');
  return [...parts, part];
}

function parsePart(part: string, fail: (why: string) => never): Part {
  if (!part.startsWith('{')) return { segments: [parseSegment(part, fail)], fieldPath: undefined };
  if (!part.endsWith('}')) fail('expected a "/" or the end after "}"');
  const [name = '', ...pattern] = part.slice(1, -1).split('=');
  const fieldPath = name.split('.');
  if (!fieldPath.every((each) => IDENTIFIER.test(each)))
    fail(`expected the path of a field in place of "${name}"`);
  const segments = (pattern.length === 0 ? '*' : pattern.join('=')).split('/');
  return { segments: segments.map((each) => parseSegment(each, fail)), fieldPath };
}

function parseSegment(text: string, fail: (why: string) => never): Segment {
  if (text === '*' || text === '**') return { kind: text };
  if (!LITERAL.test(text)) fail(`expected *, ** or a name in place of "${text}"`);
  return { kind: 'literal', text };
}

/** Each segment is matched by characters that are no slash, so the time is linear in the length of the path. */
function patternOf({ segments, fieldPath }: Part): string {
  const group = (inside: string): string => (fieldPath === undefined ? inside : `(${inside})`);
  // Only the last part may end in `**`, which is zero segments or more.
  if (segments[0]?.kind === '**') return `(?:/${group('.*')})?`;
  const [first = '', ...others] = segments.map((segment) => {
    if (segment.kind === 'literal') return literal(segment.text);
    return segment.kind === '*' ? '[^/]+' : '.*';
  });
  const rest = others.map((each) => (each === '.*' ? '(?:/.*)?' : `/${each}`));
  return `/${group(first + rest.join(''))}`;
}

/** The segments with their parameters, which are named after their fields: `name`, `name_2`. */
function segmentsOf(parts: readonly Part[]): PathSegment[] {
  const used = new Map<string, number>();
  const nameFor = (field: string): string => {
    const count = (used.get(field) ?? 0) + 1;
    used.set(field, count);
    return count === 1 ? field : `${field}_${count}`;
  };
  return parts.flatMap(({ segments, fieldPath }) =>
    segments.map((segment): PathSegment => {
      if (segment.kind === 'literal') return segment;
      return { kind: segment.kind === '*' ? 'one' : 'rest', name: nameFor(fieldPath?.join('_') ?? 'any') };
    }),
  );
}

/** Fastify decodes more than the specification allows, so it only selects the route. */
function routesOf(segments: readonly PathSegment[], verb: string | undefined): string[] {
  const last = segments.at(-1);
  if (last?.kind !== 'rest') return [routeOf(segments, verb)];
  const before = segments.slice(0, -1);
  // Behind the `*` of a route nothing may follow, so the verb is left to the pattern.
  const wild = `${routeOf(before, undefined)}/*`;
  return before.length === 0 ? [wild] : [wild, routeOf(before, verb)];
}

function routeOf(segments: readonly PathSegment[], verb: string | undefined): string {
  const path = segments
    .map((segment) => (segment.kind === 'literal' ? `/${segment.text}` : `/:${segment.name}`))
    .join('');
  if (verb === undefined) return path;
  // A parameter before a verb needs a pattern: without one, find-my-way takes the verb for a part of it.
  return segments.at(-1)?.kind === 'one' ? `${path}(.+)::${verb}` : `${path}::${verb}`;
}

/**
 * The value of a variable. A slash that a client has encoded is one inside a single segment; in a longer value it stays
 * encoded, so that it differs from those between segments.
 */
function decode(text: string, isSingle: boolean): string {
  if (isSingle) return decodeURIComponent(text);
  return text
    .split(/(%2f)/i)
    .map((piece) => (/^%2f$/i.test(piece) ? piece : decodeURIComponent(piece)))
    .join('');
}

function literal(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}

import type { ExtractCarrier, InjectCarrier } from '../../instrumentation.js';

/** Headers of a message that has not left yet. Values of other types than strings and buffers are none of ours. */
export function injectCarrier(headers: Record<string, unknown>): InjectCarrier {
  return {
    get: (name) => textOf(headers[name]),
    set(name, value) {
      headers[name] = value;
    },
  };
}

/** Headers of a message that has arrived, as libraries give them: strings or bytes, or several of either. */
export function extractCarrier(headers: object | null | undefined): ExtractCarrier {
  const texts: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers ?? {})) texts[name.toLowerCase()] = textOf(value);
  return texts;
}

function textOf(value: unknown): string | undefined {
  const [first] = Array.isArray(value) ? value : [value];
  if (typeof first === 'string') return first;
  return Buffer.isBuffer(first) ? first.toString() : undefined;
}

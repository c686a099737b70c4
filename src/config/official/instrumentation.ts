import type { Switchable } from '../../instrumentation.js';
import { anyOf, IGNORED, quote } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { instrumentationsNamed, proposedNames } from '../instrumentations.js';
import { headerName } from '../types/header-name.js';
import { flag, list, map, mapping, type NodeType, named, string, typed, unused } from './node-type.js';

const OTHER_LANGUAGE = unused('it is for another language');
const semconv = unused(
  'Redhook follows the stable conventions, and those in development where there are none',
);

const headers = list(typed(headerName));
const side = mapping({
  request_captured_headers: headers,
  response_captured_headers: headers,
  known_methods: list(string),
});

const general = mapping({
  http: mapping({ semconv, client: side, server: side }),
  code: mapping({ semconv }),
  db: mapping({ semconv }),
  gen_ai: mapping({ semconv }),
  messaging: mapping({ semconv }),
  rpc: mapping({ semconv }),
  sanitization: mapping({
    url: mapping({ sensitive_query_parameters: unused('Redhook redacts those that the conventions name') }),
  }),
  stability_opt_in_list: semconv,
});

/** What the entries under `js` turn on and off. An entry without `enabled` turns nothing off. */
function switches(all: readonly Switchable[]): NodeType<Readonly<Record<string, boolean>>> {
  return map(named(mapping({ enabled: flag })), (entries, _, report) => {
    const on: Record<string, boolean> = {};
    for (const { name, where, value } of entries) {
      const meant = instrumentationsNamed(name, all);
      for (const each of meant) on[each] = value.enabled ?? true;
      if (meant.length > 0) continue;
      const names = proposedNames(all);
      const expected = anyOf(names) + didYouMean(name, names);
      report({ severity: 'warn', where, found: quote(name), expected, now: IGNORED });
    }
    return on;
  });
}

export function instrumentation(all: readonly Switchable[]) {
  return mapping({
    general,
    js: switches(all),
    cpp: OTHER_LANGUAGE,
    dotnet: OTHER_LANGUAGE,
    erlang: OTHER_LANGUAGE,
    go: OTHER_LANGUAGE,
    java: OTHER_LANGUAGE,
    php: OTHER_LANGUAGE,
    python: OTHER_LANGUAGE,
    ruby: OTHER_LANGUAGE,
    rust: OTHER_LANGUAGE,
    swift: OTHER_LANGUAGE,
  });
}

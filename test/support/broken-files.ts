// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of references.
import { anyOf } from '../../src/config/diagnostic.js';
import { proposedNames } from '../../src/config/instrumentations.js';
import { keysBelow } from '../../src/config/source/short-form.js';
import { switchable } from '../../src/instrumentations/index.js';

const KEYS = anyOf(keysBelow(''));
const NAMES = anyOf(proposedNames(switchable));

/** Broken files, and the lines of an application that starts with them: severity, place and message. */
export const BROKEN_FILES: readonly [what: string, yaml: string, lines: readonly string[]][] = [
  [
    'a list that is not closed',
    'traces: [1',
    [
      'error 1:11: found a YAML error (Flow sequence in block collection must be sufficiently indented and end with a ]), expected one valid YAML document; using only the environment and the defaults',
    ],
  ],
  [
    'a string that is not closed',
    'service: {name: "x}\n',
    [
      'error 2:1: found a YAML error (Missing closing "quote), expected one valid YAML document; using only the environment and the defaults',
    ],
  ],
  [
    'a tab as indentation',
    'traces:\n\texporters: []\n',
    [
      'error 2:1: found a YAML error (Tabs are not allowed as indentation), expected one valid YAML document; using only the environment and the defaults',
    ],
  ],
  [
    'two documents',
    'traces: {}\n---\ntraces: {}\n',
    [
      'error 2:1: found a YAML error (Source contains multiple documents), expected one valid YAML document; using only the environment and the defaults',
    ],
  ],
  [
    'a line that is indented wrongly',
    'traces:\n  exporters: []\n sampler: always_on\n',
    [
      'error 3:1: found a YAML error (All mapping items must start at the same column), expected one valid YAML document; using only the environment and the defaults',
    ],
  ],
  [
    'a colon without a space',
    'log_level:debug\n',
    [
      `error 1:1: found "log_level:debug", expected a mapping with ${KEYS}; or file_format; using only the environment and the defaults`,
    ],
  ],
  [
    'a key twice',
    'log_level: debug\nlog_level: warn\n',
    ['error 2:1: found the duplicate key "log_level", expected each key once; ignored'],
  ],
  [
    'a key that is a list',
    'log_level: debug\n? [a, b]\n: 1\n',
    ['error 2:3: found a key that is not a plain name, expected a name; ignored'],
  ],
  ['a key that is no name', 'log_level: debug\n"": 1\n', [`error 2:1: found "", expected ${KEYS}; ignored`]],
  [
    'an alias without an anchor',
    'service: {name: *x}\n',
    ['error 1:17: found the undefined alias "x", expected the name of an anchor defined above; ignored'],
  ],
  [
    'an alias of the node that it is in',
    'traces: &a {exporters: *a}\n',
    [
      'error 1:12: found more than 10000 values or 32 levels, expected one valid YAML document; using only the environment and the defaults',
    ],
  ],
  [
    'aliases that multiply',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdef'.replace(/./g, (to) => `${to}: &${to} [${`*${String.fromCharCode(to.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
    [
      'error 1:24: found more than 10000 values or 32 levels, expected one valid YAML document; using only the environment and the defaults',
    ],
  ],
  [
    'too many levels',
    `traces: ${'['.repeat(40)}${']'.repeat(40)}\n`,
    [
      'error 1:41: found more than 10000 values or 32 levels, expected one valid YAML document; using only the environment and the defaults',
    ],
  ],
  [
    'too many values',
    `traces: {}\n${Array.from({ length: 10_001 }, (_, n) => `k${n}: 1\n`).join('')}`,
    [
      'error 10000:8: found more than 10000 values or 32 levels, expected one valid YAML document; using only the environment and the defaults',
    ],
  ],
  [
    'nothing',
    '',
    [
      `error 1:1: found an empty file, expected ${KEYS}; or file_format; using only the environment and the defaults`,
    ],
  ],
  [
    'a comment alone',
    '# nothing\n',
    [
      `error 1:1: found an empty file, expected ${KEYS}; or file_format; using only the environment and the defaults`,
    ],
  ],
  [
    'a list',
    '- traces\n',
    [
      `error 1:1: found a list, expected a mapping with ${KEYS}; or file_format; using only the environment and the defaults`,
    ],
  ],
  [
    'a word',
    'traces\n',
    [
      `error 1:1: found "traces", expected a mapping with ${KEYS}; or file_format; using only the environment and the defaults`,
    ],
  ],
  [
    'an unknown key',
    'trace: {}\n',
    [
      `error 1:1: found "trace", expected ${KEYS}; or file_format (did you mean traces?); using only the environment and the defaults`,
    ],
  ],
  [
    'an unknown key beside a known one',
    'log_level: debug\nmetircs: {}\n',
    [`error 2:1: found "metircs", expected ${KEYS} (did you mean metrics?); ignored`],
  ],
  [
    'a key of every object',
    'log_level: debug\n__proto__: {a: 1}\n',
    [`error 2:1: found "__proto__", expected ${KEYS}; ignored`],
  ],
  [
    'dots in a key',
    'log_level: debug\nexit.timeout: 1s\n',
    [`error 2:1: found "exit.timeout", expected ${KEYS}; ignored`],
  ],
  [
    'a tag that nobody knows',
    'log_level: !level debug\n',
    ['warn 1:12: found a YAML error (Unresolved tag), expected plain YAML 1.2; ignored'],
  ],
  [
    'a merge key',
    'log_level: debug\ntraces: {<<: {sampler: always_off}}\n',
    ['error 2:10: found "<<", expected exporters, sampler, rules, keep, queue or limits; ignored'],
  ],
  [
    'a reference that is not closed',
    'service: {name: "${NAME"}\nlog_level: debug\n',
    [
      'warn 1:17: found the unclosed reference "${NAME...", expected ${NAME}, ${env:NAME} or ${NAME:-default} ($$ is a literal $); it is used as text',
    ],
  ],
  [
    'a reference with a space',
    'service: {name: "${A B}"}\n',
    [
      'error 1:17: found the malformed reference "${A...", expected ${NAME}, ${env:NAME} or ${NAME:-default} ($$ is a literal $); the value is unset',
      'error 1:17: found "", expected a non-empty string; using app',
    ],
  ],
  [
    'a reference to a variable that is not set',
    'service: {name: "${NAME}"}\n',
    [
      'warn 1:17: found the unset variable "${NAME}", expected a variable that is set, or a default (${NAME:-default}); it stands for nothing',
      'error 1:17: found "", expected a non-empty string; using app',
    ],
  ],
  [
    'an unknown level',
    'log_level: loud\n',
    ['error 1:12: found "loud", expected none, error, warn, info or debug; using info'],
  ],
  [
    'a level that is a list',
    'log_level: [debug]\n',
    ['error 1:12: found a list, expected none, error, warn, info or debug; using info'],
  ],
  [
    'a level that is a mapping',
    'log_level: {a: b}\n',
    ['error 1:12: found a mapping, expected none, error, warn, info or debug; using info'],
  ],
  [
    'a sampler with a missing letter',
    'traces: {sampler: alwayson}\n',
    [
      'error 1:19: found "alwayson", expected always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio (did you mean always_on?); using parentbased_always_on',
    ],
  ],
  [
    'a sampler that is a list',
    'traces: {sampler: [always_on]}\n',
    ['error 1:19: found a list, expected a mapping with name or ratio; ignored'],
  ],
  [
    'a ratio above 1',
    'traces: {sampler: {name: traceidratio, ratio: 2}}\n',
    ['error 1:47: found "2", expected a number from 0 to 1; using 1'],
  ],
  [
    'a ratio with a percent sign',
    'traces: {sampler: {name: traceidratio, ratio: 10%}}\n',
    ['error 1:47: found "10%", expected a number from 0 to 1; using 1'],
  ],
  [
    'an unknown key of a sampler',
    'traces: {sampler: {nmae: always_on}}\n',
    ['error 1:20: found "nmae", expected name or ratio (did you mean name?); ignored'],
  ],
  [
    'a queue that is a number',
    'traces: {queue: 100}\n',
    ['error 1:17: found "100", expected a mapping with size, batch or delay; ignored'],
  ],
  [
    'an empty queue',
    'traces: {queue: {size: 0}}\n',
    ['error 1:24: found "0", expected a whole number from 1 to 1000000; using 2048'],
  ],
  [
    'a queue for more than there is memory',
    'traces: {queue: {size: 5000000}}\n',
    ['error 1:24: found "5000000", expected a whole number from 1 to 1000000; using 2048'],
  ],
  [
    'a batch that is larger than its queue',
    'traces: {queue: {size: 10, batch: 20}}\n',
    ['error 1:35: found "20", expected at most 10, the size of the queue; using 10'],
  ],
  [
    'a delay in hours',
    'traces: {queue: {delay: 2h}}\n',
    [
      'error 1:25: found "2h", expected a duration such as 2s or 500ms, or a number of milliseconds; using 5s',
    ],
  ],
  [
    'a delay below zero',
    'traces: {queue: {delay: -1}}\n',
    [
      'error 1:25: found "-1", expected a duration such as 2s or 500ms, or a number of milliseconds; using 5s',
    ],
  ],
  [
    'a limit below zero',
    'traces: {limits: {events: -1}}\n',
    ['error 1:27: found "-1", expected a whole number, or none for no limit; using 128'],
  ],
  [
    'half a limit',
    'traces: {limits: {links: 1.5}}\n',
    ['error 1:26: found "1.5", expected a whole number, or none for no limit; using 128'],
  ],
  [
    'a limit that is a list',
    'traces: {limits: {attributes: [1]}}\n',
    ['error 1:31: found a list, expected a whole number, or none for no limit; using 128'],
  ],
  [
    'a misspelt limit',
    'traces: {limits: {attribute: 1}}\n',
    [
      'error 1:19: found "attribute", expected attributes, attribute_length, events, links, event_attributes or link_attributes (did you mean attributes?); ignored',
    ],
  ],
  [
    'an exporter with swapped letters',
    'traces:\n  exporters:\n    - oltp: http://c:4317\n',
    ['error 3:7: found "oltp", expected otlp, console or none (did you mean otlp?); using otlp'],
  ],
  [
    'an exporter of the other signal',
    'traces: {exporters: [prometheus]}\n',
    ['error 1:22: found "prometheus", expected otlp, console or none; using otlp'],
  ],
  [
    'an exporter in a list in a list',
    'traces: {exporters: [[otlp]]}\n',
    ['error 1:22: found a list, expected otlp, console or none; using otlp'],
  ],
  [
    'an exporter that may be',
    'traces: {exporters: [console: maybe]}\n',
    ['error 1:31: found "maybe", expected true or false; using true'],
  ],
  [
    'a number of exporters',
    'traces: {exporters: 2}\n',
    ['error 1:21: found "2", expected otlp, console or none; using otlp'],
  ],
  [
    'an endpoint without a scheme',
    'traces: {exporters: [otlp: "c:4317"]}\n',
    [
      'error 1:28: found "c:4317", expected a URL with a scheme (did you mean http://c:4317?); using http://c:4317',
    ],
  ],
  [
    'an endpoint of another scheme',
    'traces: {exporters: [otlp: "unix:///c"]}\n',
    [
      'error 1:28: found "unix:///c", expected a URL such as http://collector:4317; using http://localhost:4317',
    ],
  ],
  [
    'an endpoint that is a port',
    'traces: {exporters: [otlp: 4317]}\n',
    ['error 1:28: found "4317", expected a URL such as http://collector:4317; using http://localhost:4317'],
  ],
  [
    'an endpoint that is a list',
    'traces: {exporters: [otlp: [http://c:4317]]}\n',
    [
      'error 1:28: found a list, expected a mapping with endpoint, protocol, headers, compression, timeout, certificate, client_key or client_certificate; ignored',
    ],
  ],
  [
    'a misspelt detail of an exporter',
    'traces: {exporters: [otlp: {endpont: http://c:4317}]}\n',
    [
      'error 1:29: found "endpont", expected endpoint, protocol, headers, compression, timeout, certificate, client_key or client_certificate (did you mean endpoint?); ignored',
    ],
  ],
  [
    'an unknown protocol',
    'traces: {exporters: [otlp: {protocol: thrift}]}\n',
    ['error 1:39: found "thrift", expected grpc or http/protobuf; using grpc'],
  ],
  [
    'headers in a list',
    'traces: {exporters: [otlp: {headers: [a]}]}\n',
    ['error 1:38: found a list, expected key-value pairs; using none'],
  ],
  [
    'a header that has a space in its name',
    'traces: {exporters: [otlp: {headers: {"a b": c}}]}\n',
    ['error 1:39: found an invalid header, expected a name and a string; ignored'],
  ],
  [
    'a header that is a mapping',
    'traces: {exporters: [otlp: {headers: {a: {b: c}}}]}\n',
    ['error 1:39: found an invalid header, expected a name and a string; ignored'],
  ],
  [
    'an unknown compression',
    'traces: {exporters: [otlp: {compression: zip}]}\n',
    ['error 1:42: found "zip", expected gzip or none (did you mean gzip?); using none'],
  ],
  [
    'a timeout of nothing',
    'traces: {exporters: [otlp: {timeout: 0}]}\n',
    [
      'error 1:38: found "0", expected a duration such as 2s or 500ms, or a number of milliseconds; using 10s',
    ],
  ],
  [
    'a certificate that is a list',
    'traces: {exporters: [otlp: {certificate: [a.pem]}]}\n',
    ['error 1:42: found a list, expected the path of a PEM file; using none'],
  ],
  [
    'a port beyond the last one',
    'metrics: {exporters: [prometheus: ":99999"]}\n',
    [
      'error 1:35: found ":99999", expected a listen address such as ":9464" or "127.0.0.1:9464"; using :9464',
    ],
  ],
  [
    'an address without a port',
    'metrics: {exporters: [prometheus: localhost]}\n',
    [
      'error 1:35: found "localhost", expected a listen address such as ":9464" or "127.0.0.1:9464"; using :9464',
    ],
  ],
  [
    'an address that is a mapping',
    'metrics: {exporters: [prometheus: {port: 9464}]}\n',
    [
      'error 1:35: found a mapping, expected a listen address such as ":9464" or "127.0.0.1:9464"; using :9464',
    ],
  ],
  [
    'an interval of nothing',
    'metrics: {interval: 0}\n',
    [
      'error 1:21: found "0", expected a duration such as 2s or 500ms, or a number of milliseconds; using 60s',
    ],
  ],
  [
    'exemplars that are switched',
    'metrics: {exemplars: true}\n',
    ['error 1:22: found "true", expected trace_based, always_on or always_off; using trace_based'],
  ],
  [
    'a number of routes in words',
    'metrics: {limits: {routes: many}}\n',
    ['error 1:28: found "many", expected a whole number from 1 to 1000000; using 500'],
  ],
  [
    'a misspelt instrumentation',
    'instrumentations: [fastfy: false]\n',
    [`warn 1:20: found "fastfy", expected ${NAMES} (did you mean fastify?); ignored`],
  ],
  [
    'an instrumentation that may be',
    'instrumentations: [http: maybe]\n',
    ['error 1:26: found "maybe", expected true or false; ignored'],
  ],
  [
    'an instrumentation in a list in a list',
    'instrumentations: [[http]]\n',
    [`error 1:20: found a list, expected ${NAMES}; ignored`],
  ],
  [
    'a service that is a word',
    'service: shop\n',
    ['error 1:10: found "shop", expected a mapping with name or version; ignored'],
  ],
  [
    'a name that is a mapping',
    'service: {name: {a: b}}\n',
    ['error 1:17: found a mapping, expected a non-empty string; using app'],
  ],
  [
    'an unknown propagator',
    'propagators: [tracecontext, ot]\n',
    ['error 1:29: found "ot", expected tracecontext, baggage, b3, b3multi or xray; using tracecontext'],
  ],
  [
    'an unknown kind of trust',
    'trust: {incoming: never}\n',
    ['error 1:19: found "never", expected continue, link or ignore; using continue'],
  ],
  [
    'an unknown key of trust',
    'trust: {incomming: link}\n',
    ['error 1:9: found "incomming", expected incoming or outgoing (did you mean incoming?); ignored'],
  ],
  [
    'a method with a space',
    'http: {known_methods: [GET, "P O"]}\n',
    ['error 1:29: found "P O", expected an HTTP method; using GET'],
  ],
  [
    'a header that is a secret',
    'http: {server: {request_captured_headers: [authorization]}}\n',
    [
      'error 1:44: found "authorization", expected the name of a header that holds no secret (authorization, cookie, set-cookie, x-api-key, ...-token); using none',
    ],
  ],
  [
    'a switch in words',
    'grpc: {propagate_deadlines: sometimes}\n',
    ['error 1:29: found "sometimes", expected true or false; using false'],
  ],
  [
    'a switch that is a number',
    'exit: {signals: 1}\n',
    ['error 1:17: found "1", expected true or false; using true'],
  ],
  [
    'a timeout in minutes',
    'exit: {timeout: 1m}\n',
    [
      'error 1:17: found "1m", expected a duration such as 2s or 500ms, or a number of milliseconds; using 2s',
    ],
  ],
];

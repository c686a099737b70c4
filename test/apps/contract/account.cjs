/** Everything that an application can see of a call, as plain values. */
const { AsyncLocalStorage } = require('node:async_hooks');

/** The application's own context. */
const place = new AsyncLocalStorage();

const here = () => place.getStore() ?? null;

exports.here = here;

exports.at = (where, fn) => place.run(where, fn);

/** The order of events for each party separately: the order between parties is not part of the contract. */
exports.Journal = class {
  note(party, what) {
    this[party] ??= [];
    this[party].push(what);
  }

  /** Notes events of an emitter: their `this`, their arguments, and the application's context in which they occur. */
  follow(party, emitter, ...events) {
    const journal = this;
    for (const event of events) {
      emitter.on(event, function (...args) {
        journal.note(party, { event, this: this === emitter, args: args.map(plain), at: here() });
      });
    }
    return emitter;
  }
};

/** The properties of an object and the number of its listeners. */
exports.shapeOf = (object) => ({
  type: object.constructor.name,
  own: Reflect.ownKeys(object).map(String),
  enumerated: enumerated(object),
  listeners: listenersOf(object),
});

function enumerated(object) {
  const names = [];
  for (const name in object) names.push(name);
  return names.sort();
}

const listenersOf = (emitter) =>
  Object.fromEntries(emitter.eventNames?.().map((name) => [String(name), emitter.listenerCount(name)]) ?? []);
exports.listenersOf = listenersOf;

/** The outcome of calling a function: the value that it returns or the error that it throws. */
exports.outcomeOf = (fn) => {
  try {
    return { returned: plain(fn()) };
  } catch (error) {
    return { thrown: plain(error) };
  }
};

/** The names and lengths of methods, including inherited ones. */
exports.signaturesOf = (object, ...methods) =>
  methods.map((method) => `${method}: ${object[method].name}(${object[method].length})`);

/** Headers without the trace context and without the date. */
exports.headersOf = (headers) =>
  Object.entries(headers).filter(([name]) => !['traceparent', 'baggage', 'date'].includes(name));

exports.plain = plain;

function plain(value) {
  if (value instanceof Error) {
    const { name, code, message, details, cause } = value;
    return {
      class: value.constructor.name,
      name,
      code,
      message,
      details,
      keys: Object.keys(value),
      cause: cause && plain(cause),
    };
  }
  if (typeof value === 'object' && value !== null) return `[${value.constructor?.name ?? 'null'}]`;
  return typeof value === 'function' ? '[function]' : (value ?? null);
}

/** What an application can see of a call, as plain values. */
const { AsyncLocalStorage } = require('node:async_hooks');

/** The application's own context. */
const place = new AsyncLocalStorage();

const here = () => place.getStore() ?? null;

exports.here = here;

exports.at = (where, fn) => place.run(where, fn);

/** What happens, in order, for each party by itself: who is faster than whom is no part of the contract. */
exports.Journal = class {
  note(party, what) {
    this[party] ??= [];
    this[party].push(what);
  }

  /** Notes events of an emitter: their `this`, their arguments, and in which context of the application they come. */
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

/** What calling a function gives: the value that it returns, or what it throws. */
exports.outcomeOf = (fn) => {
  try {
    return { returned: plain(fn()) };
  } catch (error) {
    return { thrown: plain(error) };
  }
};

/** The names and lengths of methods, wherever they are inherited from. */
exports.signaturesOf = (object, ...methods) =>
  methods.map((method) => `${method}: ${object[method].name}(${object[method].length})`);

/** Headers without those that carry the trace, and without the time. */
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

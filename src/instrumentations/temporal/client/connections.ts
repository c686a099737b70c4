import type { Calls, Guard } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';

type Lazy = (this: unknown, ...args: unknown[]) => object;
type Close = (this: object, ...args: unknown[]) => Promise<void>;

/** Counts the client connections that are open. One that is made for each request, and never closed, shows here. */
export function observeConnections(
  connection: { readonly prototype: object },
  calls: Calls,
  guard: Guard,
): void {
  const open = new Set<WeakRef<object>>();
  const references = new WeakMap<object, WeakRef<object>>();
  const add = guard((made: object) => {
    const reference = new WeakRef(made);
    references.set(made, reference);
    open.add(reference);
  });
  const remove = guard((closed: object) => open.delete(references.get(closed) as WeakRef<object>));

  // `connect` makes its connection by `lazy`, too.
  patch<Lazy>(
    connection,
    'lazy',
    (lazy) =>
      function (...args) {
        const made = lazy.apply(this, args);
        add(made);
        return made;
      },
  );
  patch<Close>(
    connection.prototype,
    'close',
    (close) =>
      function (...args) {
        remove(this);
        return close.apply(this, args);
      },
  );
  calls.addGauge({
    name: 'temporal.client.connections',
    description: 'Connections of Temporal clients that are open.',
    unit: '{connection}',
    read() {
      for (const reference of open) if (reference.deref() === undefined) open.delete(reference);
      return [{ value: open.size, attributes: {} }];
    },
  });
}

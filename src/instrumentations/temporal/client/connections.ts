import type { Calls, Guard } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';

type Lazy = (this: unknown, ...args: unknown[]) => object;
type Close = (this: object, ...args: unknown[]) => Promise<void>;

/** Counts open client connections. The gauge exposes an application that leaks one connection per request. */
export function observeConnections(
  connection: { readonly prototype: object },
  calls: Calls,
  guard: Guard,
): void {
  const open = new Set<WeakRef<object>>();
  const references = new WeakMap<object, WeakRef<object>>();
  const add = guard((created: object) => {
    const reference = new WeakRef(created);
    references.set(created, reference);
    open.add(reference);
  });
  const remove = guard((closed: object) => open.delete(references.get(closed) as WeakRef<object>));

  // `connect` calls `lazy`, too.
  patch<Lazy>(
    connection,
    'lazy',
    (lazy) =>
      function (...args) {
        const created = lazy.apply(this, args);
        add(created);
        return created;
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

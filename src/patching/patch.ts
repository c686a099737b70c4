// biome-ignore lint/suspicious/noExplicitAny: the methods of foreign objects; the caller knows their types.
type Method = (this: any, ...args: any[]) => any;

/**
 * Wraps a method in place. The wrapper looks like the method: it has the same name, length and enumerability. Returns
 * a function that undoes the patch, unless other code has patched the method since.
 */
export function patch<M extends Method>(
  owner: object,
  name: string | symbol,
  around: (method: M) => M,
): () => void {
  const methods = owner as Record<string | symbol, M>;
  const own = Object.getOwnPropertyDescriptor(owner, name);
  const method = methods[name] as M;
  const patched = around(method);
  for (const [key, value] of Object.entries({ name: method.name, length: method.length }))
    Object.defineProperty(patched, key, { value, configurable: true });
  Object.defineProperty(owner, name, {
    value: patched,
    configurable: true,
    writable: true,
    enumerable: isEnumerable(owner, name),
  });
  return () => {
    if (methods[name] !== patched) return;
    if (own === undefined) delete methods[name];
    else Object.defineProperty(owner, name, own);
  };
}

/** An inherited method keeps the enumerability that its class gave it. */
function isEnumerable(owner: object, name: string | symbol): boolean {
  for (let at: object | null = owner; at !== null; at = Object.getPrototypeOf(at)) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor !== undefined) return descriptor.enumerable === true;
  }
  return false;
}

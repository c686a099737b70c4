// biome-ignore lint/suspicious/noExplicitAny: the methods of foreign objects; who patches one knows its type.
type Method = (this: any, ...args: any[]) => any;

/**
 * Puts a function around a method, in place. It looks like the one that it stands for: its name, its length, and
 * whether it is listed among the properties. Gives what undoes it, unless somebody else has patched the method since.
 */
export function patch<M extends Method>(owner: object, name: string, around: (method: M) => M): () => void {
  const methods = owner as Record<string, M>;
  const own = Object.getOwnPropertyDescriptor(owner, name);
  const method = methods[name] as M;
  const patched = around(method);
  for (const [key, value] of Object.entries({ name: method.name, length: method.length }))
    Object.defineProperty(patched, key, { value, configurable: true });
  Object.defineProperty(owner, name, {
    value: patched,
    configurable: true,
    writable: true,
    enumerable: isListed(owner, name),
  });
  return () => {
    if (methods[name] !== patched) return;
    if (own === undefined) delete methods[name];
    else Object.defineProperty(owner, name, own);
  };
}

/** Inherited methods are listed too, or not, as their class has it. */
function isListed(owner: object, name: string): boolean {
  for (let at: object | null = owner; at !== null; at = Object.getPrototypeOf(at)) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor !== undefined) return descriptor.enumerable === true;
  }
  return false;
}

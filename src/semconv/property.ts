/** Reads a property of what the application has thrown. `undefined` also when reading it throws. */
export function propertyOf(thrown: unknown, name: string): unknown {
  try {
    return (thrown as Record<string, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}

/** An error that throws when it is read. The errors of an application may do so; Node itself reads only their `stack`. */
export function unreadable(): Error {
  const error = new Error();
  // Written now: whoever formats it later would read the name.
  Object.defineProperty(error, 'stack', { value: error.stack });
  for (const name of ['code', 'name', 'message', 'cause', 'syscall', 'port'])
    Object.defineProperty(error, name, {
      get() {
        throw new Error('lazy');
      },
    });
  return error;
}

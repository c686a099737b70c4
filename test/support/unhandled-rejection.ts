/** The rejection that nobody handles after `run`, as Node reports it. */
export async function unhandledRejection(run: () => void): Promise<unknown> {
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  try {
    return await new Promise((resolve) => {
      process.once('unhandledRejection', resolve);
      run();
    });
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const each of listeners) process.on('unhandledRejection', each);
  }
}

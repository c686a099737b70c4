// Prints how many milliseconds of processor time the process has taken.
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  console.error(`cpu ${(user + system) / 1000}`);
});

// A script that does its work and ends with its own exit code.
console.log('done');
process.exitCode = 5;

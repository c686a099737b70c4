// A script that does its work and ends with a code of its own.
console.log('done');
process.exitCode = 5;

// Makes one request, to TARGET, and then starts the application, as development tools do.
const { fork } = require('node:child_process');

fetch(process.env.TARGET)
  .then((response) => response.text())
  .then(() => fork(`${__dirname}/plain.cjs`));

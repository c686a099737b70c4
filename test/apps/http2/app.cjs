require('./calls.cjs').run(require('node:http2'));

// Freezes what is shared in the process, as a hardened application does. FROZEN: that of JavaScript, or that of HTTP as
// well. Node itself needs some prototypes writable, such as that of EventEmitter.
const http = require('node:http');

const OF_JAVASCRIPT = [Object, Array, Function, Promise, Map, Set, WeakMap, RegExp, String, Date];
const OF_HTTP = [http.Server, http.ClientRequest, http.Agent];

for (const { prototype } of process.env.FROZEN === 'http' ? OF_HTTP : OF_JAVASCRIPT) Object.freeze(prototype);

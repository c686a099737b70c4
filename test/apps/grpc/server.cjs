/** A server of the shop. */
const { serve } = require('./shop.cjs');

serve().then(({ port }) => console.log(`listening http://127.0.0.1:${port}`));

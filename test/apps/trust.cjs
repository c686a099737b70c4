// A service that calls TARGET, by node:http and by fetch, and answers with what it sent there.
const http = require('node:http');

const server = http.createServer(async (request, response) => {
  response.setHeader('x-answer', ['one', 'two']);
  response.setHeader('set-cookie', 'secret=1');
  if (request.url === '/echo') return response.end(JSON.stringify(request.headers));
  const url = `http://${request.headers['x-target']}:${server.address().port}/echo`;
  const headers = { 'x-request-id': 'of the client' };
  const byFetch = await (await fetch(url, { headers })).json();
  http.get(url, { headers }, async (answer) => {
    const byHttp = JSON.parse((await answer.toArray()).join(''));
    response.end(JSON.stringify({ byFetch, byHttp }));
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));

/** HTTP/2 servers and clients in one process, with and without TLS, over both of Node's APIs. Makes calls and ends. */
const { once } = require('node:events');
const https = require('node:https');
const { readFileSync } = require('node:fs');

exports.run = async (http2) => {
  const tls = { key: readFileSync(process.argv[2]), cert: readFileSync(process.argv[3]), allowHTTP1: true };
  const byRequest = (request, response) => response.end(request.url);
  const byStream = (stream, headers) => {
    stream.respond({ ':status': headers[':path'] === '/fail' ? 500 : 200 });
    stream.pipe(stream);
  };
  const plain = http2.createServer().on('stream', byStream).listen(0, '127.0.0.1');
  const secure = http2.createSecureServer(tls, byRequest).listen(0, '127.0.0.1');
  await Promise.all([once(plain, 'listening'), once(secure, 'listening')]);

  // The first request is sent before the session is connected.
  const client = http2.connect(`http://127.0.0.1:${plain.address().port}`);
  await bodyOf(client.request({ ':path': '/first' }));
  await Promise.all([
    bodyOf(client.request({ ':path': '/fail' })),
    bodyOf(client.request({ ':method': 'POST', ':path': '/echo' }).end('body')),
  ]);
  client.close();

  const options = { rejectUnauthorized: false };
  const secureClient = http2.connect(`https://127.0.0.1:${secure.address().port}`, options);
  await bodyOf(secureClient.request({ ':path': '/secure' }));
  secureClient.close();

  const [older] = await once(
    https.get({ ...options, port: secure.address().port, path: '/older' }),
    'response',
  );
  await bodyOf(older);
  plain.close();
  secure.close();
};

const bodyOf = (stream) => new Promise((resolve) => stream.resume().on('close', resolve));

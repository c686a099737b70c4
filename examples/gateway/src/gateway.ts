import { setTimeout as delay } from 'node:timers/promises';
import { guard, openToAll } from './access.ts';
import { readConfig } from './config.ts';
import { serveDocs } from './docs.ts';
import { serveHealth } from './health.ts';
import { loadImage } from './image.ts';
import { createServer } from './server.ts';
import { answerUnknown, transcode } from './transcoder.ts';
import { openUpstream } from './upstream.ts';
import { announceEnd, serveDescription, versionsOf } from './versions.ts';

export interface GatewayOptions {
  /** A `FileDescriptorSet`. */
  readonly image: Uint8Array;
  /** `host:port` */
  readonly upstream: string;
  readonly configFile: string | undefined;
  readonly host: string;
  readonly port: number;
}

export interface Gateway {
  readonly url: string;
  /** Takes no more connections, and waits for the requests under way; those that take too long end with an error. */
  close(): Promise<void>;
}

/** How long clients may take to read the error that ends their stream. */
const LAST_WORDS_MS = 500;
const IDLE_CHECK_MS = 50;

/** Starts a gateway: one encapsulated part for each version in the image, their descriptions and the page that shows them. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const config = readConfig(options.configFile);
  const image = loadImage(options.image);
  const upstream = openUpstream(options.upstream, config.limits.message_bytes);
  const access =
    config.auth === undefined
      ? openToAll(upstream)
      : guard(config.auth, { image, upstream, limitMs: config.timeout_ms });
  const app = createServer(config, image);
  let isReady = true;
  serveHealth(app, image, () => isReady);
  const versions = versionsOf(image);
  answerUnknown(app, image);
  for (const version of versions) {
    app.register(async (part) => {
      announceEnd(part, config.versions[version.name] ?? {});
      transcode(part, { image, ...version, access, timeoutMs: config.timeout_ms, headers: config.headers });
      serveDescription(part, image, version, config);
    });
  }
  await serveDocs(app, versions);
  const url = await app.listen({ host: options.host, port: options.port });
  return {
    url,
    async close() {
      isReady = false;
      await delay(config.unready_ms);
      const overdue = setTimeout(() => {
        upstream.close();
        setTimeout(() => app.server.closeAllConnections(), LAST_WORDS_MS).unref();
      }, config.drain_ms).unref();
      // A connection that becomes idle later on is not closed by the server itself.
      const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS);
      await app.close();
      clearInterval(idle);
      clearTimeout(overdue);
      access.close();
      upstream.close();
    },
  };
}

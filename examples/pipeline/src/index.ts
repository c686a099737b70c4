import {
  CacheSharingMode,
  type Container,
  type Directory,
  dag,
  type File,
  func,
  object,
} from '@dagger.io/dagger';
import { atMost } from './at-most.ts';
import { refusedLicences } from './licences.ts';
import { SERVICES } from './services.ts';

/** Where the versions of the images stand. */
const NODE = 'docker.io/library/node:24.21.0-bookworm-slim';
const BUSYBOX = 'docker.io/library/busybox:1.37.0-musl';
const USER = '65532:65532';
const CONFIG = ['gateway.yaml', 'policy.yaml'];
/** The sources of the services. Configuration is not among them. */
const SOURCES = ['src', 'issuer', 'fulfilment', 'order-service'];

/** Builds the images of the example gateway and the one that brings Redhook beside an application. */
@object()
export class RedhookPipeline {
  /**
   * The image of one service. What changes seldom comes first, so that a change of the configuration changes only the last
   * layer.
   * @param source the folder of the example, `examples/gateway`
   * @param service one of `src/services.ts`
   */
  @func()
  build(source: Directory, service: string): Container {
    const args = SERVICES[service];
    if (args === undefined)
      throw new Error(`there is no service ${service}; expected one of ${Object.keys(SERVICES).join(', ')}`);
    const image = CONFIG.reduce(
      (runtime, file) => runtime.withFile(`/app/${file}`, source.file(file)),
      this.runtime(source),
    );
    return image
      .withLabel('io.dagger.stateless', 'true')
      .withLabel('org.opencontainers.image.title', `redhook-example-${service}`)
      .withUser(USER)
      .withEntrypoint(['node', ...args]);
  }

  /**
   * The image of the sidecar: the drop-in folder alone, and a `cp` for init containers. It is the Dockerfile at the root.
   * @param source the root of the repository
   */
  @func()
  sidecar(source: Directory): Container {
    const built = this.installed(source, [])
      .withDirectory('.', source, { exclude: ['**/node_modules', 'dist', '.git'] })
      .withExec(['npm', 'run', 'build'])
      .directory('dist/autoinstrumentation');
    return dag
      .container()
      .withFile('/bin/cp', dag.container().from(BUSYBOX).file('/bin/busybox'), { permissions: 0o755 })
      .withDirectory('/autoinstrumentation', built)
      .withEnvVariable('PATH', '/bin')
      .withLabel('io.dagger.stateless', 'true')
      .withUser(USER);
  }

  /**
   * Builds all services, at most `parallel` at a time, and returns their references after it has pushed them.
   * @param registry such as `registry.example.com/shop`
   */
  @func()
  async publish(source: Directory, registry: string, tag: string, parallel = 3): Promise<string[]> {
    return atMost(parallel, Object.keys(SERVICES), (service) =>
      this.build(source, service).publish(`${registry}/${service}:${tag}`),
    );
  }

  /** Type checks the example. */
  @func()
  async check(source: Directory): Promise<string> {
    return this.installed(source, [])
      .withDirectory('.', source, { exclude: ['node_modules'] })
      .withExec(['npx', 'tsc', '-p', '.'])
      .stdout();
  }

  /** What the example consists of, by CycloneDX. */
  @func()
  sbom(source: Directory): File {
    return this.installed(source, ['--omit=dev'])
      .withExec(['npm', 'sbom', '--omit=dev', '--sbom-format=cyclonedx'], { redirectStdout: '/sbom.json' })
      .file('/sbom.json');
  }

  /** Fails with the packages whose licence is not among those that `src/licences.ts` allows. */
  @func()
  async licences(source: Directory): Promise<string> {
    const refused = refusedLicences(await this.sbom(source).contents());
    if (refused.length > 0) throw new Error(`licences that are not allowed:\n${refused.join('\n')}`);
    return 'all licences are allowed';
  }

  /** Packages by the lock file alone, from a cache that all builds share. */
  private installed(source: Directory, options: string[]): Container {
    return dag
      .container()
      .from(NODE)
      .withWorkdir('/app')
      .withMountedCache('/root/.npm', dag.cacheVolume('npm'), { sharing: CacheSharingMode.Shared })
      .withFile('package.json', source.file('package.json'))
      .withFile('package-lock.json', source.file('package-lock.json'))
      .withExec(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', ...options]);
  }

  /** All that services share: packages, compiled protos, sources. */
  private runtime(source: Directory): Container {
    const packages = this.installed(source, ['--omit=dev']).directory('node_modules');
    const image = this.installed(source, [])
      .withFile('buf.yaml', source.file('buf.yaml'))
      .withDirectory('proto', source.directory('proto'))
      .withExec(['node', 'node_modules/@bufbuild/buf/bin/buf', 'build', '-o', 'image.binpb'])
      .file('image.binpb');
    return SOURCES.reduce(
      (runtime, folder) => runtime.withDirectory(`/app/${folder}`, source.directory(folder)),
      dag
        .container()
        .from(NODE)
        .withWorkdir('/app')
        .withDirectory('/app/node_modules', packages)
        .withFile('/app/image.binpb', image)
        .withFile('/app/package.json', source.file('package.json')),
    );
  }
}

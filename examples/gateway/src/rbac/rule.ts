import { type DescMethod, getExtension, hasExtension, type Message, type Registry } from '@bufbuild/protobuf';

/** What a call needs, as the proto of its method says. */
export interface Rule {
  readonly scope: string;
  /** `resource:action` */
  readonly permission: string;
}

/** The option `acme.authz.v1.rule` of a method. */
export function ruleOf({ proto: { options } }: DescMethod, registry: Registry): Rule | undefined {
  const extension = registry.getExtension('acme.authz.v1.rule');
  if (extension === undefined || options === undefined || !hasExtension(options, extension)) return undefined;
  const { scope, resource, action } = getExtension(options, extension) as Message & Record<string, string>;
  return { scope: scope ?? '', permission: `${resource}:${action}` };
}

import type { DescEnum, DescField, DescFile, DescMessage, DescMethod } from '@bufbuild/protobuf';

/** By file: the comments above its declarations, by the path of the declaration. */
const comments = new WeakMap<DescFile, ReadonlyMap<string, string>>();

/** The numbers of the fields of descriptors. */
const IN_FILE = { message: 4, enum: 5, service: 6 };
const IN_MESSAGE = { field: 2, message: 3, enum: 4 };
const IN_SERVICE = { method: 2 };

/** The comment above a declaration in the proto, or an empty string. */
export function commentOf(declaration: DescMessage | DescEnum | DescField | DescMethod): string {
  const file =
    declaration.kind === 'field' || declaration.kind === 'rpc' ? declaration.parent.file : declaration.file;
  return commentsIn(file).get(pathOf(declaration).join('.')) ?? '';
}

function commentsIn(file: DescFile): ReadonlyMap<string, string> {
  const known = comments.get(file);
  if (known !== undefined) return known;
  const locations = file.proto.sourceCodeInfo?.location ?? [];
  const made = new Map(
    locations
      .filter(({ leadingComments }) => leadingComments.trim() !== '')
      .map(({ path, leadingComments }) => [path.join('.'), textOf(leadingComments)] as const),
  );
  comments.set(file, made);
  return made;
}

/** Each line without the space after the slashes. */
function textOf(comment: string): string {
  return comment
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^ /, ''))
    .join('\n');
}

function pathOf(declaration: DescMessage | DescEnum | DescField | DescMethod): number[] {
  switch (declaration.kind) {
    case 'rpc': {
      const { parent: service, proto } = declaration;
      const index = service.file.proto.service.indexOf(service.proto);
      return [IN_FILE.service, index, IN_SERVICE.method, service.proto.method.indexOf(proto)];
    }
    case 'field': {
      const { parent, proto } = declaration;
      return [...pathOf(parent), IN_MESSAGE.field, parent.proto.field.indexOf(proto)];
    }
    case 'message': {
      const { parent, file, proto } = declaration;
      if (parent === undefined) return [IN_FILE.message, file.proto.messageType.indexOf(proto)];
      return [...pathOf(parent), IN_MESSAGE.message, parent.proto.nestedType.indexOf(proto)];
    }
    case 'enum': {
      const { parent, file, proto } = declaration;
      if (parent === undefined) return [IN_FILE.enum, file.proto.enumType.indexOf(proto)];
      return [...pathOf(parent), IN_MESSAGE.enum, parent.proto.enumType.indexOf(proto)];
    }
  }
}

import satisfies from 'spdx-satisfies';

const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'CC-BY-3.0',
  'CC-BY-4.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
];

/** Packages whose package.json does not tell what their file LICENSE does. */
const STATED: Readonly<Record<string, string>> = { 'unionfs@4.6.0': 'Unlicense' };

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly {
    readonly expression?: string;
    readonly license?: { readonly id?: string; readonly name?: string };
  }[];
}

/** The components of a bill of materials by CycloneDX whose licence is not allowed, or not told. */
export function refusedLicences(sbom: string): string[] {
  const { components = [] } = JSON.parse(sbom) as { components?: Component[] };
  return components.flatMap((component) => {
    const licence = licenceOf(component);
    return licence !== undefined && isAllowed(licence)
      ? []
      : [`${component.name} ${component.version}: ${licence ?? 'no licence'}`];
  });
}

function licenceOf({ name, version, licenses: [first] = [] }: Component): string | undefined {
  return first?.expression ?? first?.license?.id ?? first?.license?.name ?? STATED[`${name}@${version}`];
}

/** False for what is no expression of SPDX. */
function isAllowed(licence: string): boolean {
  try {
    return satisfies(licence, ALLOWED);
  } catch {
    return false;
  }
}

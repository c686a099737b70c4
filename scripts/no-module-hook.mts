/** Replaces, in the bundle, packages that hook the loading of modules. This one hooks nothing. */
export class Hook {}

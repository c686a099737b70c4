/** Stands in the bundle for packages that hook the loading of modules. This one does not. */
export class Hook {}

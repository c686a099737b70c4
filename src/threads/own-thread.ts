/** The name of the threads that Redhook starts for itself. They are not observed. */
export const OWN_THREAD = 'redhook';

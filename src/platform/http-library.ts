/**
 * The HTTP library, for `import()` on its first use. It is no ES module, and a bundle gives an `import()` of such a
 * one no names; a module between the two has them in the bundle and without it.
 */
export { Agent, fetch, request } from 'undici';

/** Opens the user's own browser. The package that knows how each desktop does it is loaded when it is wanted. */

/**
 * Opens a web address.
 *
 * @returns false when it is none, or when no browser could be started
 */
export async function openBrowser(address: string): Promise<boolean> {
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) return false;
  try {
    const { default: open } = await import('open');
    const child = await open(address);
    return await new Promise((resolve) => {
      const settle = (isOpen: boolean): void => {
        clearTimeout(timer);
        resolve(isOpen);
      };
      // A starter that ends at once with an error found no browser; one that still runs is one.
      const timer = setTimeout(settle, STARTED_MS, true);
      child.once('error', () => settle(false));
      child.once('exit', (code) => settle(code === 0));
    });
  } catch {
    // No desktop is here: the address is on the screen all the same.
    return false;
  }
}

/** Milliseconds after which a starter that still runs counts as started. */
const STARTED_MS = 1_500;

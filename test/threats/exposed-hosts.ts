/** Addresses to listen on that others than this machine could reach. */
export const EXPOSED_HOSTS = [
  '0.0.0.0',
  '::',
  '192.168.1.9',
  '[::]',
  '10.0.0.1',
  '::ffff:192.168.1.9',
  '0',
  'example.com',
] as const;

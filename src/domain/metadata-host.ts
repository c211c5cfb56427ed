/** Where clouds hand credentials to whoever asks from within a machine. No provider is there. */

/** As the URL parser writes them, in every spelling of an address. */
const METADATA_HOSTS: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '[::ffff:a9fe:a9fe]',
  '[fd00:ec2::254]',
  // Container credentials of ECS and EKS.
  '169.254.170.2',
  '169.254.170.23',
  '[fd00:ec2::23]',
  '100.100.100.200',
  'metadata.google.internal',
]);

/** True when a URL leads to the instance metadata of a cloud by its address or known name. No name is looked up. */
export function leadsToMetadata(url: string): boolean {
  return URL.canParse(url) && METADATA_HOSTS.has(new URL(url).hostname.replace(/\.$/, ''));
}

import { describe, expect, it } from 'vitest';
import { isMetadataHost, isMetadataUrl } from '../../src/domain/metadata-host.ts';

describe('isMetadataHost: decided on parsed addresses, whatever form they have', () => {
  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '100.100.100.200',
    '168.63.129.16',
    'fd00:ec2::254',
    '[fd00:ec2::254]',
    'FD00:EC2:0:0:0:0:0:254',
    'fd00:ec2::254%eth0',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'metadata.google.internal',
    'Metadata.Google.Internal.',
    'instance-data',
  ])('%s is one', (host) => {
    expect(isMetadataHost(host)).toBe(true);
  });

  it.each([
    '',
    '127.0.0.1',
    '::1',
    '169.254.1.1',
    '169.254.169.253',
    '10.0.0.1',
    'fd00::1',
    '169.254.169.254.nip.io',
    'metadata.example.com',
    'api.openai.com',
  ])('%s is none', (host) => {
    expect(isMetadataHost(host)).toBe(false);
  });
});

describe('isMetadataUrl: the URL parser’s spellings of one address', () => {
  it.each([
    'http://169.254.169.254/latest',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://169.254.43518/',
    'http://[::ffff:169.254.169.254]:8080/v1',
    'https://metadata.google.internal./v1',
  ])('%s', (url) => {
    expect(isMetadataUrl(url)).toBe(true);
  });

  it.each(['not a URL', '', 'https://api.example.com/169.254.169.254'])('not %s', (url) => {
    expect(isMetadataUrl(url)).toBe(false);
  });
});

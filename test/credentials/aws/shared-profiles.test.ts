/** The shared files of AWS as they are written by hand and by its tools. */
import { describe, expect, it } from 'vitest';
import {
  type AwsProfile,
  findSharedFiles,
  readSharedProfiles,
  rootProfile,
} from '../../../src/credentials/aws/shared-profiles.ts';

const HOME = '/home/somebody';

async function profiles(config: string, credentials = ''): Promise<ReadonlyMap<string, AwsProfile>> {
  const { byName } = await readSharedProfiles({}, HOME, (path) =>
    Promise.resolve({ kind: 'text', text: path.endsWith('config') ? config : credentials, mode: 0o600 }),
  );
  return byName;
}

describe('where the files stand', () => {
  it('in the home folder, or where the variables say', () => {
    expect(findSharedFiles({ AWS_CONFIG_FILE: ' ' }, HOME)).toEqual({
      config: '/home/somebody/.aws/config',
      credentials: '/home/somebody/.aws/credentials',
    });
    const env = { AWS_CONFIG_FILE: '~/c', AWS_SHARED_CREDENTIALS_FILE: 'relative' };
    expect(findSharedFiles(env, HOME)).toEqual({ config: '/home/somebody/c', credentials: '/relative' });
  });

  it('a file that cannot be read is told', async () => {
    const read = await readSharedProfiles({}, HOME, () =>
      Promise.resolve({ kind: 'refused', reason: 'unreadable', detail: 'x cannot be read (EACCES)' }),
    );
    expect(read).toMatchObject({
      byName: new Map(),
      troubles: [/EACCES/, /EACCES/].map(() => expect.any(String)),
    });
  });
});

describe('how a profile gets its keys', () => {
  it.each([
    ['aws_access_key_id = A\naws_secret_access_key = B', 'keys'],
    ['aws_access_key_id = A', 'keys'],
    ['AWS_ACCESS_KEY_ID=A', 'keys'],
    ['role_arn = r\nsource_profile = x\naws_access_key_id = A', 'role'],
    ['role_arn = r\nweb_identity_token_file = /t', 'web-identity'],
    ['credential_process = p', 'process'],
    ['sso_session = s', 'sso'],
    ['sso_start_url = u\nregion = x', 'sso'],
    ['login_session = l', 'login'],
    ['region = eu-west-1\noutput = json', null],
    ['s3 =\n  aws_access_key_id = A\nregion = x', null],
    ['aws_access_key_id =', null],
    ['# aws_access_key_id = A\n; credential_process = p', null],
  ])('%j: %s', async (text, method) => {
    const found = await profiles(`[profile work]\n${text}\n`);
    expect(found.get('work')).toMatchObject({ name: 'work', method, file: `${HOME}/.aws/config` });
  });

  it('names in quotes, Windows line ends, comments behind values, sections that continue', async () => {
    const found = await profiles(
      '[profile "my work"]\r\nregion = eu-west-1 # here\r\n[default]\r\nregion=us-east-1\r\n[profile "my work"]\r\ncredential_process = a;b\r\n[preview]\r\nx=1\r\n',
    );
    expect([...found.keys()]).toEqual(['my work', 'default']);
    expect(found.get('my work')).toMatchObject({ region: 'eu-west-1', method: 'process' });
  });

  it('both files make one profile: the credentials file’s keys, the config file’s region', async () => {
    const config =
      '[profile work]\nregion = eu-west-1\n[profile role]\nrole_arn = r\nsource_profile = work\n';
    const keys = '[work]\naws_access_key_id = A\naws_secret_access_key = B\n[role]\naws_access_key_id = C\n';
    const found = await profiles(config, keys);
    expect(found.get('work')).toMatchObject({
      method: 'keys',
      region: 'eu-west-1',
      file: `${HOME}/.aws/credentials`,
    });
    expect(found.get('role')).toMatchObject({ method: 'role', file: `${HOME}/.aws/config` });
  });

  it('never a key', async () => {
    const found = await profiles('', '[x]\naws_access_key_id = A\naws_secret_access_key = canary\n');
    expect(JSON.stringify([...found])).not.toContain('canary');
  });

  it.each(['', '[', '[]', '[profile ]', '=', '[profile x]\n==\n= y', '\0', ']['.repeat(10_000)])(
    'bad text %# gives no profile with a method and no error',
    async (text) => {
      for (const { method } of (await profiles(text, text)).values()) expect(method).toBeNull();
    },
  );
});

describe('whose login is behind a role', () => {
  it('the end of the chain of source profiles, also where they go in a circle', async () => {
    const found = await profiles(
      `[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=r\nsource_profile=c
[profile c]\nsso_session=s\n[sso-session s]\nsso_start_url=u\n
[profile x]\nrole_arn=r\nsource_profile=y\n[profile y]\nrole_arn=r\nsource_profile=x\n
[profile lost]\nrole_arn=r\nsource_profile=nobody\n`,
    );
    const root = (name: string) => {
      const profile = found.get(name);
      return profile && rootProfile(found, profile).name;
    };
    expect(['a', 'c', 'x', 'lost'].map(root)).toEqual(['c', 'c', 'y', 'lost']);
    // `printf s | sha1sum`, as the AWS tools name the file of a session.
    expect(found.get('c')?.ssoTokenFile).toBe(
      `${HOME}/.aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json`,
    );
  });
});

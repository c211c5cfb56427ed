/** What the command line has to know of the logins to show their commands: declarations, nothing that runs. */
import { LOGINS } from '../login/index.ts';
import { KEY_SUBCOMMANDS } from '../login/key-commands.ts';
import type { CommandOption, Subcommand, UserCommand } from '../login/plugin.ts';

/** The commands of all logins. */
export function loginCommands(): readonly UserCommand[] {
  return LOGINS.map(({ command }) => command);
}

/** What `auth <provider>` can do. */
export function providerSubcommands(): readonly Subcommand[] {
  return KEY_SUBCOMMANDS;
}

/** Options of a subcommand: its own, those of the set-up where one may follow, and `--json`. */
export function optionsOf({ options = [], offersSetup }: Subcommand): readonly CommandOption[] {
  return [...options, ...(offersSetup === true ? SET_UP_OPTIONS : []), JSON_OPTION];
}

const JSON_OPTION: CommandOption = { flags: '--json', description: 'print JSON' };

const SET_UP_OPTIONS: readonly CommandOption[] = [
  { flags: '--connect', description: 'make a model of the provider the default; a terminal asks which' },
  { flags: '--model <model>', description: 'the model to connect to; implies --connect' },
  { flags: '--save-env', description: 'also write provider and model into .env of this folder' },
  { flags: '--yes', description: 'answer yes to every question of the set-up' },
  { flags: '--no-input', description: 'ask nothing' },
];

/**
 * Completion for shells. The scripts hold no words: they ask the program, so a new command or provider is
 * completed as soon as it exists.
 */
import { EXIT } from '../domain/errors.ts';
import { type CommandContext } from './context.ts';
import { completeLogin } from './login.ts';

/** A command with what may follow it, as the command line has it. */
export interface CommandTree {
  readonly name: string;
  readonly description: string;
  /** Long flags: `--json`. */
  readonly options: readonly { readonly flag: string; readonly description: string }[];
  readonly commands: readonly CommandTree[];
}

/** The shells that there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# provider-sidecar completion for bash. Load it: source <(provider-sidecar completion bash)
_provider_sidecar() {
  local IFS=$'\\n'
  COMPREPLY=($(provider-sidecar __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _provider_sidecar provider-sidecar
`,
  zsh: `#compdef provider-sidecar
# provider-sidecar completion for zsh. Load it: source <(provider-sidecar completion zsh)
_provider_sidecar() {
  local -a lines
  lines=("\${(@f)$(provider-sidecar __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  lines=("\${(@)lines//:/\\\\:}")
  lines=("\${(@)lines//$'\\t'/:}")
  [[ -n "\${lines[1]}" ]] && _describe 'provider-sidecar' lines
}
compdef _provider_sidecar provider-sidecar
`,
  fish: `# provider-sidecar completion for fish. Load it: provider-sidecar completion fish | source
function __provider_sidecar_complete
    set -l words (commandline -opc) (commandline -ct)
    provider-sidecar __complete -- $words[2..-1] 2>/dev/null
end
complete -c provider-sidecar -f -a '(__provider_sidecar_complete)'
`,
};

/** Prints the script of a shell. */
export function completion(context: CommandContext, shell: string): number {
  const known = SHELLS.find((name) => name === shell);
  if (known === undefined) {
    context.printError(`bad-request: completion knows these shells: ${SHELLS.join(', ')}\n`);
    return EXIT.usage;
  }
  context.print(SCRIPTS[known]);
  return EXIT.ok;
}

/**
 * Prints the words that may come next, one a line, each with its description behind a tab.
 *
 * @param words what stands behind the program's name; the last one may be half-typed or empty
 */
export async function completeWords(
  context: CommandContext,
  tree: CommandTree,
  words: readonly string[],
): Promise<number> {
  const typed = words.at(-1) ?? '';
  const { node, args, isBehindArgument } = walk(tree, words);
  const [top] = words;
  const own = isBehindArgument
    ? []
    : node.commands.map(({ name, description }) => ({ word: name, description }));
  const flags = node.options.map(({ flag, description }) => ({ word: flag, description }));
  const fromLogin = node === tree || top === undefined ? [] : await completeLogin(context, top, args);
  const found = [...(typed.startsWith('-') ? flags : own), ...fromLogin].filter(({ word }) =>
    word.startsWith(typed),
  );
  const unique = new Map(found.map(({ word, description }) => [word, description]));
  context.print([...unique].map(([word, description]) => `${word}\t${description}\n`).join(''));
  return EXIT.ok;
}

interface Position {
  /** The deepest command that the words before the last one name. */
  readonly node: CommandTree;
  /** The words behind the outermost command. */
  readonly args: readonly string[];
  /** True when words that name no command stand between that command and the last word. */
  readonly isBehindArgument: boolean;
}

function walk(tree: CommandTree, words: readonly string[]): Position {
  let node = tree;
  let depth = 0;
  for (const word of words.slice(0, -1)) {
    const next = node.commands.find(({ name }) => name === word);
    if (next === undefined) break;
    node = next;
    depth += 1;
  }
  return { node, args: words.slice(1), isBehindArgument: depth < words.length - 1 };
}

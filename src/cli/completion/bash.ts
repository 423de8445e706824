import { COMMANDS } from "../flags.ts";
import {
  ALL,
  completedFlags,
  operandOf,
  VALUED,
  type Flag,
  type Value,
} from "./words.ts";

/**
 * A completion function for bash 3.2 and later, without bash-completion. Readline breaks words at `:`
 * and `=` too (COMP_WORDBREAKS): which command, flag and operand there are is read from COMP_LINE.
 */
export function bashCompletion(): string {
  return `# bash completion for create-kong-ipv6
_create_kong_ipv6() {
  local cur=\${COMP_WORDS[COMP_CWORD]} line=\${COMP_LINE:0:COMP_POINT}
  local command='' operands=0 words='' typed last prev i
  [[ $cur == = ]] && cur=''
  read -ra typed <<<"$line"
  [[ $line == *[[:space:]] ]] && typed+=('')
  last=$((\${#typed[@]} - 1))
  prev=\${typed[last - 1]}
  [[ \${typed[last]} == --*=* ]] && prev=\${typed[last]%%=*}
  COMPREPLY=()
  for ((i = 1; i < last; i++)); do
    case \${typed[i]} in
    ${VALUED.join(" | ")}) ((i++)) ;;
    -*) ;;
    ${COMMANDS.join(" | ")})
      if [[ -z $command ]]; then command=\${typed[i]}; else ((operands++)); fi
      ;;
    *)
      command=\${command:-create}
      ((operands++))
      ;;
    esac
  done
  case \${command:-create}:$prev in
${values()}
  esac
  if [[ $cur == -* ]]; then
    case \${command:-create} in
${COMMANDS.map((name) => `    ${name}) words='${flagWords(name)}' ;;`).join("\n")}
    esac
    _create_kong_ipv6_reply -W "$words" -- "$cur"
  elif [[ -z $command ]]; then
    _create_kong_ipv6_reply -W '${COMMANDS.join(" ")}' -- "$cur"
    _create_kong_ipv6_reply -d -- "$cur"
  elif ((operands == 0)); then
    case $command in
${COMMANDS.map((name) => `    ${name}) ${operand(name)} ;;`).join("\n")}
    esac
  fi
}

_create_kong_ipv6_reply() {
  local line
  [[ $1 == -W ]] || compopt -o filenames 2>/dev/null
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(compgen "$@")
}

complete -F _create_kong_ipv6 create-kong-ipv6
`;
}

/** One case for each way in which values are completed. */
function values(): string {
  const cases = new Map<string, string[]>();
  for (const flag of ALL) {
    if (flag.value === undefined) continue;
    const body = replyTo(flag.value);
    cases.set(body, [...(cases.get(body) ?? []), ...patterns(flag)]);
  }
  return [...cases]
    .map(
      ([body, flags]) => `  ${flags.join(" | ")})\n${body}    return\n    ;;`,
    )
    .join("\n");
}

/** `*:--kong`; with the command, if its values depend on that. */
function patterns(flag: Flag): string[] {
  const [name] = flag.spelled;
  const depends = ALL.filter(({ spelled }) => spelled[0] === name).length > 1;
  const commands = COMMANDS.filter((one) => completedFlags(one).includes(flag));
  return (depends ? commands : ["*"]).flatMap((command) =>
    flag.spelled.map((spelled) => `${command}:${spelled}`),
  );
}

function replyTo(value: Exclude<Value, undefined>): string {
  if (value === "any") return "";
  const words = value === "file" ? "-f" : `-W '${value.join(" ")}'`;
  return `    _create_kong_ipv6_reply ${words} -- "$cur"\n`;
}

const flagWords = (command: (typeof COMMANDS)[number]): string =>
  completedFlags(command)
    .flatMap(({ spelled }) => spelled)
    .join(" ");

function operand(command: (typeof COMMANDS)[number]): string {
  const what = operandOf(command);
  if (what === "directory") return '_create_kong_ipv6_reply -d -- "$cur"';
  return what.length === 0
    ? ""
    : `_create_kong_ipv6_reply -W '${what.join(" ")}' -- "$cur"`;
}

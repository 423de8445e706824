import { singleQuoted } from "../../base/shell.ts";
import { COMMAND_ROWS, COMMANDS, type Command } from "../flags.ts";
import { completedFlags, operandOf, VALUED, type Flag } from "./words.ts";

/** A completion function for zsh's compinit: sourced, or a file _create-kong-ipv6 in fpath. */
export function zshCompletion(): string {
  return `#compdef create-kong-ipv6
_create-kong-ipv6() {
  local command= i
  # The command is taken out: what is left are flags and one operand.
  for ((i = 2; i < CURRENT; i++)); do
    case \${words[i]} in
    (${VALUED.join("|")}) ((i++)) ;;
    (-*) ;;
    (${COMMANDS.join("|")})
      command=\${words[i]}
      words[i]=()
      ((CURRENT--))
      break
      ;;
    (*)
      command=create
      break
      ;;
    esac
  done
  local -a flags
  case \${command:-create} in
${COMMANDS.map((name) => `  (${name})\n    flags=(\n${completedFlags(name).map(specification).join("\n")}\n    )\n    ;;`).join("\n")}
  esac
  case $command in
  ('') _arguments -s -S : "$flags[@]" '1: :_create-kong-ipv6_first' ;;
${COMMANDS.map((name) => `  (${name}) _arguments -s -S : "$flags[@]"${operand(name)} ;;`).join("\n")}
  esac
}

_create-kong-ipv6_first() {
  local -a commands=(
${COMMANDS.map((name) => `    ${singleQuoted(`${name}:${COMMAND_ROWS[name].meaning}`)}`).join("\n")}
  )
  _describe -t commands command commands
  _files -/
}

if [[ $funcstack[1] == _create-kong-ipv6 ]]; then
  _create-kong-ipv6 "$@"
else
  compdef _create-kong-ipv6 create-kong-ipv6
fi
`;
}

/** As _arguments wants it: '(-y --yes)'{-y,--yes}'[meaning]:what:(words)' */
function specification({ spelled, meaning, value, repeats }: Flag): string {
  const first = repeats
    ? "*"
    : spelled.length > 1
      ? `(${spelled.join(" ")})`
      : "";
  const behind =
    value === undefined
      ? ""
      : value === "any"
        ? ":value: "
        : `:value:${value === "file" ? "_files" : `(${value.join(" ")})`}`;
  const text = `[${meaning.replaceAll(/[[\]:]/g, "\\$&")}]${behind}`;
  return spelled
    .map((name) => {
      const full =
        value !== undefined && name.startsWith("--") ? `${name}=` : name;
      return `      ${singleQuoted(`${first}${full}${text}`)}`;
    })
    .join("\n");
}

function operand(command: Command): string {
  const what = operandOf(command);
  if (what === "directory") return ` '1:directory:_files -/'`;
  return what.length === 0 ? "" : ` '1:shell:(${what.join(" ")})'`;
}

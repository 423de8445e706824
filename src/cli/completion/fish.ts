import { COMMAND_ROWS, COMMANDS, type Command } from "../flags.ts";
import { ALL, completedFlags, operandOf, VALUED, type Flag } from "./words.ts";

/** Completions for fish 3 and later: sourced, or a file in its completions directory. */
export function fishCompletion(): string {
  return `# fish completion for create-kong-ipv6
function __create_kong_ipv6_words
    # The command and its operands, without flags and their values.
    set -l words (commandline -opc)
    set -l skip yes
    for word in $words
        if set -q skip[1]
            set -e skip
        else if contains -- $word ${VALUED.join(" ")}
            set skip yes
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# Whether one of these commands is given. Without a command, it is create.
function __create_kong_ipv6_command
    set -l words (__create_kong_ipv6_words)
    contains -- "$words[1]" ${COMMANDS.join(" ")}; or set words create $words
    contains -- $words[1] $argv
end

# Whether the command's operand is still missing.
function __create_kong_ipv6_operand
    set -l words (__create_kong_ipv6_words)
    test (count $words) -eq 1; and contains -- $words[1] $argv
end

function __create_kong_ipv6_first
    test (count (__create_kong_ipv6_words)) -eq 0
end

complete -c create-kong-ipv6 -f
${COMMANDS.map((name) => `complete -c create-kong-ipv6 -n __create_kong_ipv6_first -a ${name} -d ${fishQuoted(COMMAND_ROWS[name].meaning)}`).join("\n")}
complete -c create-kong-ipv6 -n __create_kong_ipv6_first -a '(__fish_complete_directories)'
${COMMANDS.map(operand).join("")}${ALL.flatMap(lines).join("\n")}
`;
}

function operand(command: Command): string {
  const what = operandOf(command);
  if (what.length === 0) return "";
  const words =
    what === "directory" ? "(__fish_complete_directories)" : what.join(" ");
  return `complete -c create-kong-ipv6 -n '__create_kong_ipv6_operand ${command}' -a '${words}'\n`;
}

/** One line per spelling; a short flag is on the line of its long one. */
function lines(flag: Flag): string[] {
  const commands = COMMANDS.filter((name) =>
    completedFlags(name).includes(flag),
  );
  const short = flag.spelled.find((name) => !name.startsWith("--"));
  return flag.spelled
    .filter((name) => name.startsWith("--"))
    .map((name) =>
      [
        "complete -c create-kong-ipv6",
        `-n '__create_kong_ipv6_command ${commands.join(" ")}'`,
        ...(short ? [`-s ${short.slice(1)}`] : []),
        `-l ${name.slice(2)}`,
        ...values(flag),
        `-d ${fishQuoted(flag.meaning)}`,
      ].join(" "),
    );
}

function values({ value }: Flag): string[] {
  if (value === undefined) return [];
  if (value === "file") return ["-r -F"];
  return value === "any" ? ["-x"] : [`-x -a '${value.join(" ")}'`];
}

const fishQuoted = (text: string): string =>
  `'${text.replaceAll(/['\\]/g, "\\$&")}'`;

import { QUESTIONS, type Question } from "./answers.ts";

/** `--help`: one screen, 80 columns. */
export function helpText(): string {
  const first = QUESTIONS.filter((question) => question.first);
  const rest = QUESTIONS.filter((question) => !question.first);
  return `create-kong-ipv6 [directory]             write a repository that puts a Kong
                                         gateway on its own IPv6 address
create-kong-ipv6 regenerate [directory]  bring changed answers into it
create-kong-ipv6 check [directory]       is it consistent, and valid?
create-kong-ipv6 undo [directory]        take the last write back

Answers
${rows(first)}
More answers
${rows(rest)}
Run
  -y, --yes           ask nothing, take defaults
  --answers FILE      read answers from JSON or YAML
  --dry-run           write nothing, say what would change
  --diff              show every difference
  --json              report as JSON, ask nothing
  --conflict WHAT     files in the way: ask, keep, theirs or markers
  --git, --no-git     make it a git repository (default: no)
  --no-color          no colours (NO_COLOR does the same)
  -h, --help  -V, --version

Examples
  npx create-kong-ipv6 my-gateway
  npx create-kong-ipv6 my-gateway --prefix 2a03:2222:3333:4444::/64 --yes

Exit codes: 0 done, 1 failed, 2 unusable arguments or answers, 3 conflicts left
for you, 4 --dry-run or check: there are changes, 130 cancelled.`;
}

function rows(questions: readonly Question[]): string {
  return questions
    .map(({ flag, metavar, choices, meaning, otherwise }) => {
      const name = `${flag} ${choices ? choices.join("|") : metavar}`;
      const usual = otherwise === "asked" ? "" : ` [${otherwise}]`;
      return `  ${name.padEnd(28)} ${meaning}${usual}
`;
    })
    .join("");
}

import type { AnswerKey, Answers } from "../answers/types.ts";
import { valuesOf, type Detected, type Detector } from "./infer/types.ts";
import { detectorFor, localDetector } from "./detector.ts";
import { warningText } from "./print.ts";
import type { Given } from "../answers/resolve.ts";
import { styleFor } from "../base/colors.ts";
import { isTerminal, write } from "../base/stdio.ts";

/** Detected answers as defaults of a run of create or regenerate. */
export interface DetectedDefaults {
  readonly detect: Detector;
  /** Detects before anything is asked. Prints the warnings to standard error. */
  readonly detectFirst: (given: Given) => Promise<Given>;
  /** The detected values that became answers, with their sources. */
  readonly used: (answers: Answers) => Detected[];
}

/** With --detect: the server named by --ssh. Otherwise this machine, if it is the server. */
export function detectedDefaults(
  args: { detect: boolean; ssh: string | undefined; color: boolean },
  previous: Answers | undefined,
): DetectedDefaults {
  const terminal = isTerminal(0);
  const detector = args.detect
    ? detectorFor(args.ssh, terminal, previous)
    : localDetector(previous);
  const detected = new Map<AnswerKey, Detected>();
  const detect: Detector = async (answers) => {
    const detection = await detector(answers);
    for (const one of detection.answers) detected.set(one.key, one);
    return detection;
  };
  return {
    detect,
    detectFirst: async (answers) => {
      const { answers: found, warnings } = await detect(answers);
      const style = styleFor(isTerminal(2), args.color);
      for (const warning of warnings)
        write(2, `${warningText(warning, style)}\n`);
      return valuesOf(found);
    },
    // The owner may have answered a question otherwise.
    used: (answers) =>
      [...detected.values()].filter(({ key, value }) => answers[key] === value),
  };
}
